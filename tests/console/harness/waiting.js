/** Only ever waited out by a failing test; slow machines may raise it. */
export const PATIENCE_MS = Number(process.env.DM_E2E_PATIENCE_S ?? 60) * 1000;

/** Asks until `predicate` answers something truthy, which is returned. */
export async function until(predicate, what, patienceMs = PATIENCE_MS) {
    const deadline = Date.now() + patienceMs;
    for (;;) {
        const value = await predicate();
        if (value) {
            return value;
        }
        if (Date.now() > deadline) {
            throw new Error(`waited in vain for ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}
