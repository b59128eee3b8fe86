/** What a person typed as arguments: `{args}` or `{error}`, a sentence. Empty means none. */
export function parseArguments(text) {
    if (text.trim() === "") {
        return { args: undefined };
    }
    let args;
    try {
        args = JSON.parse(text);
    } catch (failure) {
        return { error: `not valid JSON: ${failure.message}` };
    }
    if (args === null || typeof args !== "object" || Array.isArray(args)) {
        return { error: 'must be a JSON object, like {"on": true}' };
    }
    return { args };
}
