import { type PageSettings, pageSettings } from "../../../ui/settings.ts";

/** Settings of this browser, the same for every account. */
export interface Settings extends PageSettings {
  /** A sound is played where a notification would be shown. */
  readonly sounds: boolean;
  /** The user for whom this browser takes pushes; undefined: for nobody. */
  readonly pushesFor: string | undefined;
  /** The people of a room stand at the right, where there is room for them. */
  readonly showsPeople: boolean;
  /** Rooms where `showsPictures` is reversed, in lower case. Bounded by PICTURES_SWITCHED_MAX. */
  readonly otherPictures: readonly string[];
}

const KEY = "chat.settings";
/** Rooms in which pictures were switched by themselves; the one that was switched first goes. */
const PICTURES_SWITCHED_MAX = 200;

export function showsPictures(settings: Settings, target: string): boolean {
  const { showsPictures: isOn, otherPictures } = settings;
  return isOn !== otherPictures.includes(target.toLowerCase());
}

/** What is to be changed so that pictures show themselves in this room, or do not any more. */
export function switchedPictures(
  { otherPictures }: Settings,
  target: string,
): Pick<Settings, "otherPictures"> {
  const room = target.toLowerCase();
  const others = otherPictures.filter((one) => one !== room);
  const isOther = others.length < otherPictures.length;
  return { otherPictures: isOther ? others : [...others, room].slice(-PICTURES_SWITCHED_MAX) };
}

export function readSettings(): Settings {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return checked(Object(kept));
  } catch {
    return checked({}); // The browser keeps nothing, or the value is not one of ours.
  }
}

export function keepSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // It lasts as long as the page.
  }
}

function checked(kept: Readonly<Record<string, unknown>>): Settings {
  const { sounds, pushesFor, showsPeople, otherPictures: others } = kept;
  return {
    ...pageSettings(kept),
    sounds: sounds === true,
    pushesFor: typeof pushesFor === "string" ? pushesFor : undefined,
    showsPeople: showsPeople !== false,
    otherPictures: Array.isArray(others) ? others.filter((one) => typeof one === "string") : [],
  };
}
