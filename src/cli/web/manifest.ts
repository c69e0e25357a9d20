/** The web app manifest, with which browsers install the page as an app. */

import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { titleText } from "../../base/text.ts";

export const MANIFEST_PATH = "/manifest.webmanifest";

/** The link in the HTML. */
export const MANIFEST_LINK = `<link rel="manifest" href="${MANIFEST_PATH}">`;

export interface AppIcon {
  readonly src: string;
  readonly type: string;
  readonly sizes: string;
  readonly purpose: string;
}

/** The icon's green, shown behind it while an installed page starts. */
const THEME = "#22aa66";
const BACKGROUND = "#ffffff";

/** @param name of the server, as the system will list it */
export function manifest(name: string, icons: readonly AppIcon[]): Uint8Array {
  const shown = titleText(name);
  const value = {
    // Each origin is one app, whatever the server's name.
    id: "/",
    name: shown,
    short_name: shown,
    start_url: "/",
    scope: "/",
    display: "standalone",
    theme_color: THEME,
    background_color: BACKGROUND,
    icons,
  };
  return utf8Encode(JSON.stringify(value));
}

/** Icons of the page. */
export function iconsOf(bytes: Uint8Array): readonly AppIcon[] {
  return (JSON.parse(utf8Decode(bytes)) as { readonly icons: readonly AppIcon[] }).icons;
}
