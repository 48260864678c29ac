/** Version [Data]: who we are, and the Redis whose behaviour we answer with. */
export const VERSION = '0.1.0'
export const REDIS_VERSION = '7.0.15'
