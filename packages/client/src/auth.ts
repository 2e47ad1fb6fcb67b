/** Who may do what: users, roles and their permissions, and the switch that makes them count. */
import {
  AuthRoleAddRequest,
  AuthRoleDeleteRequest,
  AuthRoleGetRequest,
  AuthRoleGrantPermissionRequest,
  AuthRoleRevokePermissionRequest,
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  AuthUserDeleteRequest,
  AuthUserGetRequest,
  AuthUserGrantRoleRequest,
  AuthUserRevokeRoleRequest,
  Permission_Type,
  authService,
} from '@kv/proto/auth';
import { counterFromWire, rangeOf, selectorOf, type KeySelector } from './data.js';
import type { CallSettings, RawClient } from './raw.js';

export type Access = 'read' | 'write' | 'readwrite';

export interface Permission {
  readonly keys: KeySelector;
  readonly access: Access;
}

export interface AuthState {
  readonly isEnabled: boolean;
  /** Rises with each change of users and roles. */
  readonly revision: number;
}

const accessToWire = {
  read: Permission_Type.READ,
  write: Permission_Type.WRITE,
  readwrite: Permission_Type.READWRITE,
} as const;

/** All but `status` and `users.get` of oneself need the role `root` once authentication is on. */
export class AuthClient {
  readonly users: UserClient;
  readonly roles: RoleClient;
  readonly #raw: RawClient;

  constructor(raw: RawClient) {
    this.#raw = raw;
    this.users = new UserClient(raw);
    this.roles = new RoleClient(raw);
  }

  async status(settings: CallSettings = {}): Promise<AuthState> {
    const answer = await this.#raw.call(authService.authStatus, {}, settings);
    const revision = counterFromWire('auth revision', answer.authRevision);
    return { isEnabled: answer.enabled, revision };
  }

  /** Needs a user `root` with the role `root`. From now on every call needs a user. */
  async enable(settings: CallSettings = {}): Promise<void> {
    await this.#raw.call(authService.authEnable, {}, settings);
  }

  async disable(settings: CallSettings = {}): Promise<void> {
    await this.#raw.call(authService.authDisable, {}, settings);
  }
}

export class UserClient {
  readonly #raw: RawClient;

  constructor(raw: RawClient) {
    this.#raw = raw;
  }

  /** Without a password the user can only come with a certificate whose common name is `name`. */
  async add(name: string, password?: string, settings: CallSettings = {}): Promise<void> {
    const options = { noPassword: password === undefined };
    const request = AuthUserAddRequest.create({ name, password: password ?? '', options });
    await this.#raw.call(authService.userAdd, request, settings);
  }

  /** The names of the user's roles, ascending. */
  async get(name: string, settings: CallSettings = {}): Promise<readonly string[]> {
    const request = AuthUserGetRequest.create({ name });
    return (await this.#raw.call(authService.userGet, request, settings)).roles;
  }

  /** Names, ascending. */
  async list(settings: CallSettings = {}): Promise<readonly string[]> {
    return (await this.#raw.call(authService.userList, {}, settings)).users;
  }

  async delete(name: string, settings: CallSettings = {}): Promise<void> {
    const request = AuthUserDeleteRequest.create({ name });
    await this.#raw.call(authService.userDelete, request, settings);
  }

  async changePassword(name: string, password: string, settings: CallSettings = {}): Promise<void> {
    const request = AuthUserChangePasswordRequest.create({ name, password });
    await this.#raw.call(authService.userChangePassword, request, settings);
  }

  async grantRole(user: string, role: string, settings: CallSettings = {}): Promise<void> {
    const request = AuthUserGrantRoleRequest.create({ user, role });
    await this.#raw.call(authService.userGrantRole, request, settings);
  }

  async revokeRole(name: string, role: string, settings: CallSettings = {}): Promise<void> {
    const request = AuthUserRevokeRoleRequest.create({ name, role });
    await this.#raw.call(authService.userRevokeRole, request, settings);
  }
}

export class RoleClient {
  readonly #raw: RawClient;

  constructor(raw: RawClient) {
    this.#raw = raw;
  }

  async add(name: string, settings: CallSettings = {}): Promise<void> {
    await this.#raw.call(authService.roleAdd, AuthRoleAddRequest.create({ name }), settings);
  }

  /** What the role may do, ascending by key. */
  async get(role: string, settings: CallSettings = {}): Promise<readonly Permission[]> {
    const request = AuthRoleGetRequest.create({ role });
    const { perm } = await this.#raw.call(authService.roleGet, request, settings);
    return perm.map(({ key, rangeEnd, permType }) => ({
      keys: selectorOf(key, rangeEnd),
      access: accessFromWire(permType),
    }));
  }

  /** Names, ascending. */
  async list(settings: CallSettings = {}): Promise<readonly string[]> {
    return (await this.#raw.call(authService.roleList, {}, settings)).roles;
  }

  async delete(role: string, settings: CallSettings = {}): Promise<void> {
    await this.#raw.call(authService.roleDelete, AuthRoleDeleteRequest.create({ role }), settings);
  }

  /** Replaces what the role was allowed for exactly these keys. */
  async grantPermission(
    name: string,
    { keys, access }: Permission,
    settings: CallSettings = {},
  ): Promise<void> {
    const perm = { ...rangeOf(keys), permType: accessToWire[access] };
    const request = AuthRoleGrantPermissionRequest.create({ name, perm });
    await this.#raw.call(authService.roleGrantPermission, request, settings);
  }

  /** Takes back what was granted for exactly these keys. */
  async revokePermission(
    role: string,
    keys: KeySelector,
    settings: CallSettings = {},
  ): Promise<void> {
    const request = AuthRoleRevokePermissionRequest.create({ role, ...rangeOf(keys) });
    await this.#raw.call(authService.roleRevokePermission, request, settings);
  }
}

/** Kinds that only a newer server knows give no access that we could name. */
function accessFromWire(type: number): Access {
  if (type === Permission_Type.WRITE) return 'write';
  return type === Permission_Type.READWRITE ? 'readwrite' : 'read';
}
