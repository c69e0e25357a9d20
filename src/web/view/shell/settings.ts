/** Settings of this browser, the same for every account. */
export interface Settings {
  /** Of texts; undefined: as the browser is set. */
  readonly language: string | undefined;
  readonly theme: "system" | "light" | "dark";
  readonly notifies: boolean;
  /** A sound is played where a notification would be shown. */
  readonly sounds: boolean;
  /** The user for whom this browser takes pushes; undefined: for nobody. */
  readonly pushesFor: string | undefined;
  /** The people of a room stand at the right, where there is room for them. */
  readonly showsPeople: boolean;
  /** Nothing is shown of those who come and go. */
  readonly isQuiet: boolean;
  /** Others see that one writes here, and the other way round. */
  readonly showsTyping: boolean;
  /** Pictures show themselves, in all rooms but `otherPictures`; or in none but these. */
  readonly showsPictures: boolean;
  /** Targets in small letters. Bounded by PICTURES_SWITCHED_MAX. */
  readonly otherPictures: readonly string[];
}

const KEY = "chat.settings";
const FIRST: Settings = {
  language: undefined,
  theme: "system",
  notifies: false,
  sounds: false,
  pushesFor: undefined,
  showsPeople: true,
  isQuiet: false,
  showsTyping: true,
  showsPictures: true,
  otherPictures: [],
};

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
    return typeof kept === "object" && kept !== null ? checked(kept) : FIRST;
  } catch {
    return FIRST; // The browser keeps nothing, or the value is not one of ours.
  }
}

export function keepSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // It lasts as long as the page.
  }
}

function checked(kept: Partial<Record<keyof Settings, unknown>>): Settings {
  const { showsPictures: pictures, otherPictures: others } = kept;
  const { language, theme, notifies, sounds, pushesFor, showsPeople, isQuiet, showsTyping } = kept;
  return {
    language: typeof language === "string" ? language : FIRST.language,
    theme: theme === "light" || theme === "dark" ? theme : FIRST.theme,
    notifies: notifies === true,
    sounds: sounds === true,
    pushesFor: typeof pushesFor === "string" ? pushesFor : undefined,
    showsPeople: showsPeople !== false,
    isQuiet: isQuiet === true,
    showsTyping: showsTyping !== false,
    showsPictures: pictures !== false,
    otherPictures: Array.isArray(others) ? others.filter((one) => typeof one === "string") : [],
  };
}
