import { INDONESIAN_ALARM } from "./alarm.ts";
import { INDONESIAN } from "./first.ts";
import { INDONESIAN_PARTS } from "./parts.ts";
import { INDONESIAN_SHARE } from "./share.ts";

/** All groups of the page: it fetches them as one file. */
export const INDONESIAN_PAGE = {
  ...INDONESIAN,
  ...INDONESIAN_PARTS,
  ...INDONESIAN_ALARM,
  ...INDONESIAN_SHARE,
};
