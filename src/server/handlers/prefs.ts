/** Handlers of room preferences and saved messages. */

import type { PrefsService } from "../rooms/prefs.ts";
import type { Handlers } from "./handler.ts";

export function prefsHandlers(prefs: PrefsService): Handlers<"prefs" | "prefs-set" | "save"> {
  return {
    prefs: (_, { account }) => prefs.of(account),
    "prefs-set": (request, { account }) => prefs.set(account, request),
    save: (request, { account }) => prefs.save(account, request),
  };
}
