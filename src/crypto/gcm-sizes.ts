/** Sizes of AES-GCM (NIST SP 800-38D), apart from the native cipher, which the page cannot load. */

export const GCM_TAG_BYTES = 16;
export const GCM_NONCE_BYTES = 12;
