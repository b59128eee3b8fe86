// The built files as C++ source.
import { gzipSync } from "node:zlib";

function array(name, bytes) {
    const numbers = Array.from(new Int8Array(bytes))
        .join(",")
        .replace(/(.{90}[^,]*,)/g, "$1\n");
    return `constexpr std::array<char, ${bytes.length}> ${name}{{${numbers}}};\n`;
}

/** `assets`: name, type, hash and body of each. Answers the text of assets.cpp. */
export function embed(assets) {
    const arrays = [];
    const rows = assets.map(({ name, type, hash, body }, index) => {
        arrays.push(array(`kBody${index}`, body));
        const gzip = gzipSync(body, { level: 9 });
        const shorter = gzip.length < body.length;
        if (shorter) {
            arrays.push(array(`kGzip${index}`, gzip));
        }
        const view = (variable) => `{${variable}.data(), ${variable}.size()}`;
        return (
            `    Asset{"${name}", "${type}", "${hash}", ` +
            `${view(`kBody${index}`)}, ${shorter ? view(`kGzip${index}`) : "{}"}},\n`
        );
    });
    return `// Made by control/console/build.mjs.
#include "control/console/assets.hpp"

#include <algorithm>
#include <array>

namespace dm::control {

namespace {

${arrays.join("\n")}
constexpr std::array<Asset, ${assets.length}> kAssets{{
${rows.join("")}}};

}  // namespace

const Asset* find_asset(std::string_view name) {
    const auto* const found = std::find_if(kAssets.begin(), kAssets.end(), [&](const Asset& asset) {
        return asset.name == name;
    });
    return found == kAssets.end() ? nullptr : found;
}

}  // namespace dm::control
`;
}
