/** What we say to be: the release of etcd whose API and files these are. */

/** `etcd --version`, `Status.version`, `/version`. */
export const SERVER_VERSION = '3.7.1';

/** The feature level of a cluster of such members, and of what they store. */
export const FEATURE_VERSION = '3.7.0';
