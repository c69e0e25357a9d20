/** Removal of what the browser stores about accounts outside the page's tables. */

import { ifPossible } from "../../../io/promises.ts";
import { SETTINGS_KEY } from "../../../ui/local-keys.ts";
import { attempt } from "../../input/attempt.ts";
import { readLocal, writeLocal } from "../shell/local.ts";
import { closeNotifications, unsubscribe } from "./push-browser.ts";

const PREFIX = "chat.";

/**
 * Removes values of the local storage except settings such as the language, notifications, the
 * subscription to pushes and the badge.
 * @param isLast removes also the service worker and caches
 */
export async function forgetTraces(isLast: boolean): Promise<void> {
  attempt(forgetLocal);
  await ifPossible(closeNotifications());
  await ifPossible(unsubscribe());
  const { clearAppBadge } = navigator as Partial<Pick<Navigator, "clearAppBadge">>;
  await ifPossible((async () => clearAppBadge?.call(navigator))());
  if (isLast) await ifPossible(forgetWorker());
}

function forgetLocal(): void {
  const keys = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i) ?? "");
  for (const key of keys)
    if (key.startsWith(PREFIX) && key !== SETTINGS_KEY) localStorage.removeItem(key);
  const settings = readLocal(SETTINGS_KEY);
  if (settings !== undefined)
    writeLocal(SETTINGS_KEY, { ...Object(settings), pushesFor: undefined });
}

async function forgetWorker(): Promise<void> {
  const { serviceWorker } = navigator as Partial<Navigator>;
  const registration = await serviceWorker?.getRegistration("/");
  await registration?.unregister();
  for (const name of await caches.keys()) await caches.delete(name);
}
