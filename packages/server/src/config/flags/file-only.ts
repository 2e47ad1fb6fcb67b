/** Settings for which etcd has a key in the configuration file, and no flag. They are named like flags, as all settings are. */

export const fileOnlyFlags = [
  {
    name: 'client-cert-allowed-cn',
    type: 'list',
    default: '',
    file: 'client-transport-security.allowed-cn',
    text: 'Common names of which the certificate of a client must have one.',
  },
  {
    name: 'discovery-server-name',
    type: 'string',
    default: '',
    file: 'discovery-config.client.secure.server-name',
    text: 'Name that the certificate of the discovery service must be valid for.',
  },
  {
    name: 'discovery-auth-token',
    type: 'string',
    default: '',
    file: 'discovery-config.client.auth.token',
    text: 'Token that tells the discovery service who calls, instead of user and password.',
  },
] as const;
