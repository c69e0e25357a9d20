/** Indonesian texts for the page, which loads all groups as one file. */

import { INDONESIAN_ALARM } from "./alarm.ts";
import { INDONESIAN_DEFERRED } from "./deferred.ts";
import { INDONESIAN } from "./first.ts";
import { INDONESIAN_SHARE } from "./share.ts";

export const INDONESIAN_PAGE = {
  ...INDONESIAN,
  ...INDONESIAN_DEFERRED,
  ...INDONESIAN_ALARM,
  ...INDONESIAN_SHARE,
};
