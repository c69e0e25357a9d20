/** Web app manifest, which lets browsers install the page as an app. */

import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { titleText } from "../../base/text.ts";

export const MANIFEST_PATH = "/manifest.webmanifest";

export const MANIFEST_LINK = `<link rel="manifest" href="${MANIFEST_PATH}">`;

export interface AppIcon {
  readonly src: string;
  readonly type: string;
  readonly sizes: string;
  readonly purpose: string;
}

const THEME_COLOUR = "#22aa66";
const BACKGROUND_COLOUR = "#ffffff";

export function manifest(name: string, icons: readonly AppIcon[]): Uint8Array {
  const appName = titleText(name);
  const value = {
    // Identifies one app per origin, even if the server is renamed.
    id: "/",
    name: appName,
    short_name: appName,
    start_url: "/",
    scope: "/",
    display: "standalone",
    theme_color: THEME_COLOUR,
    background_color: BACKGROUND_COLOUR,
    icons,
  };
  return utf8Encode(JSON.stringify(value));
}

export function iconsOf(bytes: Uint8Array): readonly AppIcon[] {
  return (JSON.parse(utf8Decode(bytes)) as { readonly icons: readonly AppIcon[] }).icons;
}
