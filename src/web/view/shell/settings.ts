/** This browser's settings in local storage. */

import { SETTINGS_KEY } from "../../../ui/local-keys.ts";
import { type PageSettings, pageSettings } from "../../../ui/settings.ts";
import { isTouch } from "./context.tsx";
import { listen } from "./effects.ts";
import { readLocal, writeLocal } from "./local.ts";

export interface StoredPageSettings extends PageSettings {
  readonly pushesFor: string | undefined;
  /** Rooms in lower case for which `pictures` is reversed. */
  readonly otherPictures: readonly string[];
}

const PICTURES_SWITCHED_MAX = 200;

export function showsPictures(settings: StoredPageSettings, target: string): boolean {
  const { pictures: isOn, otherPictures } = settings;
  return isOn !== otherPictures.includes(target.toLowerCase());
}

export function switchedPictures(
  { otherPictures }: StoredPageSettings,
  target: string,
): Pick<StoredPageSettings, "otherPictures"> {
  const room = target.toLowerCase();
  const remaining = otherPictures.filter((name) => name !== room);
  const isOther = remaining.length < otherPictures.length;
  return {
    otherPictures: isOther ? remaining : [...remaining, room].slice(-PICTURES_SWITCHED_MAX),
  };
}

export function enterSends({ enterSends: isOn }: StoredPageSettings): boolean {
  return isOn ?? !isTouch();
}

export const readSettings = (): StoredPageSettings => checked(Object(readLocal(SETTINGS_KEY)));

/**
 * Another tab may have stored other settings, which stay.
 * @returns why the browser does not store the settings; `undefined` if it does
 */
export const saveSettings = (changes: Partial<StoredPageSettings>): unknown =>
  writeLocal(SETTINGS_KEY, { ...Object(readLocal(SETTINGS_KEY)), ...changes });

/** Calls back when another tab has changed the settings. */
export const onSettings = (changed: (settings: StoredPageSettings) => void): (() => void) =>
  listen<StorageEvent>(window, "storage", ({ key }) => {
    if (key === SETTINGS_KEY) changed(readSettings());
  });

function checked(stored: Readonly<Record<string, unknown>>): StoredPageSettings {
  const { pushesFor, otherPictures: names } = stored;
  return {
    ...pageSettings(stored),
    pushesFor: typeof pushesFor === "string" ? pushesFor : undefined,
    otherPictures: Array.isArray(names) ? names.filter((name) => typeof name === "string") : [],
  };
}
