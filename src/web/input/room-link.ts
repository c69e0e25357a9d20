/** Links of rooms in texts. */

import { linkedRoute, type PageAddress } from "./route.ts";

const LINKS_READ_MAX = 3;
const ROOM_LINK = /https?:\/\/[^\s#]{1,300}#\/[\w-]{1,32}(?![\w/@-])/g;

/** Returns the first room on this server to whose door a text has a link. */
export function linkedRoom(
  text: string,
  page: PageAddress,
  fingerprint: string,
): string | undefined {
  for (const [href] of [...text.matchAll(ROOM_LINK)].slice(0, LINKS_READ_MAX)) {
    const { target } = linkedRoute(href, page, fingerprint) ?? {};
    if (target !== undefined) return target;
  }
  return undefined;
}
