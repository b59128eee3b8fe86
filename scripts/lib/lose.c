/* A tc filter that drops PERCENT of the packets at random. clang -target bpf. */
static unsigned (*random_number)(void) = (void*)7; /* bpf_get_prandom_u32 */

__attribute__((section("classifier"), used)) int lose(void* packet) {
    (void)packet;
    return random_number() % 100 < PERCENT ? 2 : -1; /* TC_ACT_SHOT, or what comes after decides */
}

char granted[] __attribute__((section("license"), used)) = "GPL";
