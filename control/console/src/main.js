import { Api } from "./api/api.js";
import { session, takeTokenFromAddress } from "./api/session.js";
import { Console } from "./console.js";
import { SignIn } from "./view/sign_in.js";

const REFUSED = "This token is not valid. It may have been removed, or copied incompletely.";

/** Opens the console with `token`; answers a sentence when that is not possible. */
async function enter(token) {
    let role;
    try {
        role = await new Api(token).role();
    } catch (problem) {
        return problem.status === 401 ? REFUSED : `Signing in failed: ${problem.message}.`;
    }
    session.token = token;
    const opened = new Console({ token, role, onLeave: leave });
    document.body.replaceChildren(...opened.elements);
    opened.start();
    return "";
}

function leave(problem) {
    session.token = "";
    askForToken(problem ? REFUSED : "");
}

function askForToken(problem) {
    const signIn = new SignIn(enter, problem);
    document.body.replaceChildren(signIn.element);
    signIn.focus();
}

takeTokenFromAddress();
window.addEventListener("hashchange", () => takeTokenFromAddress() && location.reload());
const problem = session.token ? await enter(session.token) : "";
if (!document.querySelector("header")) {
    askForToken(problem);
}
