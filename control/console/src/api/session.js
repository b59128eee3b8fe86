/** The token of this tab. It ends with the tab and is nowhere else. */
const KEY = "device-mgmt.token";

export const session = {
    get token() {
        return sessionStorage.getItem(KEY) ?? "";
    },

    set token(token) {
        if (token) {
            sessionStorage.setItem(KEY, token);
        } else {
            sessionStorage.removeItem(KEY);
        }
    },
};

/**
 * Takes a token out of the address (`/#token=…`), which is how `scripts/demo` hands it over, and
 * removes it there before anything else can read or store it. Answers whether there was one.
 */
export function takeTokenFromAddress() {
    const found = /^#token=([^&]+)$/.exec(location.hash);
    if (!found) {
        return false;
    }
    history.replaceState(null, "", location.pathname);
    session.token = decodeURIComponent(found[1]);
    return true;
}
