/* SHA-256, for the hash by which a flashed image is known. */
#ifndef MILLHAND_SHA256_H
#define MILLHAND_SHA256_H

#include <stdint.h>

struct sha256 {
    uint32_t h[8];
    uint64_t size;
    uint8_t block[64];
};

void sha256_start(struct sha256 *hash);
void sha256_put(struct sha256 *hash, const uint8_t *bytes, uint32_t size);
void sha256_end(struct sha256 *hash, uint8_t digest[32]);

#endif
