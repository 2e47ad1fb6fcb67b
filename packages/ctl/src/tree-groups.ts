/** Titles under which help lists the commands. */
export const keyValue = 'Key-value commands';
export const clusterMaintenance = 'Cluster maintenance commands';
export const concurrency = 'Concurrency commands';
export const authentication = 'Authentication commands';
export const utility = 'Utility commands';
