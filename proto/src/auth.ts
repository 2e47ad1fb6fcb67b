/** The service of users, roles and tokens: its messages and its methods. */
import {
  AuthDisableRequest,
  AuthDisableResponse,
  AuthEnableRequest,
  AuthEnableResponse,
  AuthRoleAddRequest,
  AuthRoleAddResponse,
  AuthRoleDeleteRequest,
  AuthRoleDeleteResponse,
  AuthRoleGetRequest,
  AuthRoleGetResponse,
  AuthRoleGrantPermissionRequest,
  AuthRoleGrantPermissionResponse,
  AuthRoleListRequest,
  AuthRoleListResponse,
  AuthRoleRevokePermissionRequest,
  AuthRoleRevokePermissionResponse,
  AuthStatusRequest,
  AuthStatusResponse,
  AuthUserAddRequest,
  AuthUserAddResponse,
  AuthUserChangePasswordRequest,
  AuthUserChangePasswordResponse,
  AuthUserDeleteRequest,
  AuthUserDeleteResponse,
  AuthUserGetRequest,
  AuthUserGetResponse,
  AuthUserGrantRoleRequest,
  AuthUserGrantRoleResponse,
  AuthUserListRequest,
  AuthUserListResponse,
  AuthUserRevokeRoleRequest,
  AuthUserRevokeRoleResponse,
  AuthenticateRequest,
  AuthenticateResponse,
} from './gen/etcdserverpb/auth.js';
import { method } from './method.js';
import type { UnaryMethod } from './method.js';

export {
  AuthDisableRequest,
  AuthDisableResponse,
  AuthEnableRequest,
  AuthEnableResponse,
  AuthRoleAddRequest,
  AuthRoleAddResponse,
  AuthRoleDeleteRequest,
  AuthRoleDeleteResponse,
  AuthRoleGetRequest,
  AuthRoleGetResponse,
  AuthRoleGrantPermissionRequest,
  AuthRoleGrantPermissionResponse,
  AuthRoleListRequest,
  AuthRoleListResponse,
  AuthRoleRevokePermissionRequest,
  AuthRoleRevokePermissionResponse,
  AuthStatusRequest,
  AuthStatusResponse,
  AuthUserAddRequest,
  AuthUserAddResponse,
  AuthUserChangePasswordRequest,
  AuthUserChangePasswordResponse,
  AuthUserDeleteRequest,
  AuthUserDeleteResponse,
  AuthUserGetRequest,
  AuthUserGetResponse,
  AuthUserGrantRoleRequest,
  AuthUserGrantRoleResponse,
  AuthUserListRequest,
  AuthUserListResponse,
  AuthUserRevokeRoleRequest,
  AuthUserRevokeRoleResponse,
  AuthenticateRequest,
  AuthenticateResponse,
} from './gen/etcdserverpb/auth.js';
export { ResponseHeader } from './gen/etcdserverpb/header.js';
export { Permission, Permission_Type, UserAddOptions } from './gen/authpb/auth.js';

const name = 'etcdserverpb.Auth';

/** The methods of `etcdserverpb.Auth`. */
export const authService: {
  /** Turns authentication on. */
  readonly authEnable: UnaryMethod<AuthEnableRequest, AuthEnableResponse>;
  /** Turns it off. */
  readonly authDisable: UnaryMethod<AuthDisableRequest, AuthDisableResponse>;
  /** Whether it is on. */
  readonly authStatus: UnaryMethod<AuthStatusRequest, AuthStatusResponse>;
  /** Name and password in, token out. */
  readonly authenticate: UnaryMethod<AuthenticateRequest, AuthenticateResponse>;
  /** Adds a user. */
  readonly userAdd: UnaryMethod<AuthUserAddRequest, AuthUserAddResponse>;
  /** Shows a user. */
  readonly userGet: UnaryMethod<AuthUserGetRequest, AuthUserGetResponse>;
  /** Lists users. */
  readonly userList: UnaryMethod<AuthUserListRequest, AuthUserListResponse>;
  /** Deletes a user. */
  readonly userDelete: UnaryMethod<AuthUserDeleteRequest, AuthUserDeleteResponse>;
  /** Sets a password. */
  readonly userChangePassword: UnaryMethod<
    AuthUserChangePasswordRequest,
    AuthUserChangePasswordResponse
  >;
  /** Gives a user a role. */
  readonly userGrantRole: UnaryMethod<AuthUserGrantRoleRequest, AuthUserGrantRoleResponse>;
  /** Takes a role from a user. */
  readonly userRevokeRole: UnaryMethod<AuthUserRevokeRoleRequest, AuthUserRevokeRoleResponse>;
  /** Adds a role. */
  readonly roleAdd: UnaryMethod<AuthRoleAddRequest, AuthRoleAddResponse>;
  /** Shows a role. */
  readonly roleGet: UnaryMethod<AuthRoleGetRequest, AuthRoleGetResponse>;
  /** Lists roles. */
  readonly roleList: UnaryMethod<AuthRoleListRequest, AuthRoleListResponse>;
  /** Deletes a role, also from all users. */
  readonly roleDelete: UnaryMethod<AuthRoleDeleteRequest, AuthRoleDeleteResponse>;
  /** Gives a role a right. */
  readonly roleGrantPermission: UnaryMethod<
    AuthRoleGrantPermissionRequest,
    AuthRoleGrantPermissionResponse
  >;
  /** Takes a right from a role. */
  readonly roleRevokePermission: UnaryMethod<
    AuthRoleRevokePermissionRequest,
    AuthRoleRevokePermissionResponse
  >;
} = {
  authEnable: method('unary', name, 'AuthEnable', AuthEnableRequest, AuthEnableResponse),
  authDisable: method('unary', name, 'AuthDisable', AuthDisableRequest, AuthDisableResponse),
  authStatus: method('unary', name, 'AuthStatus', AuthStatusRequest, AuthStatusResponse),
  authenticate: method('unary', name, 'Authenticate', AuthenticateRequest, AuthenticateResponse),
  userAdd: method('unary', name, 'UserAdd', AuthUserAddRequest, AuthUserAddResponse),
  userGet: method('unary', name, 'UserGet', AuthUserGetRequest, AuthUserGetResponse),
  userList: method('unary', name, 'UserList', AuthUserListRequest, AuthUserListResponse),
  userDelete: method('unary', name, 'UserDelete', AuthUserDeleteRequest, AuthUserDeleteResponse),
  userChangePassword: method(
    'unary',
    name,
    'UserChangePassword',
    AuthUserChangePasswordRequest,
    AuthUserChangePasswordResponse,
  ),
  userGrantRole: method(
    'unary',
    name,
    'UserGrantRole',
    AuthUserGrantRoleRequest,
    AuthUserGrantRoleResponse,
  ),
  userRevokeRole: method(
    'unary',
    name,
    'UserRevokeRole',
    AuthUserRevokeRoleRequest,
    AuthUserRevokeRoleResponse,
  ),
  roleAdd: method('unary', name, 'RoleAdd', AuthRoleAddRequest, AuthRoleAddResponse),
  roleGet: method('unary', name, 'RoleGet', AuthRoleGetRequest, AuthRoleGetResponse),
  roleList: method('unary', name, 'RoleList', AuthRoleListRequest, AuthRoleListResponse),
  roleDelete: method('unary', name, 'RoleDelete', AuthRoleDeleteRequest, AuthRoleDeleteResponse),
  roleGrantPermission: method(
    'unary',
    name,
    'RoleGrantPermission',
    AuthRoleGrantPermissionRequest,
    AuthRoleGrantPermissionResponse,
  ),
  roleRevokePermission: method(
    'unary',
    name,
    'RoleRevokePermission',
    AuthRoleRevokePermissionRequest,
    AuthRoleRevokePermissionResponse,
  ),
};
