/** Hands on the focus of an element that disappears, so that the next key has an effect. */

import { combined, listen } from "./effects.ts";

const FOCUSABLE =
  ":is(a[href], button, input, select, textarea, summary, iframe, audio, video, [tabindex])" +
  ":not([tabindex='-1'], :disabled, [inert] *)";
/** Elements inside which a neighbour takes the focus. */
const GROUP = "ul, ol, table, form, fieldset, nav, section, aside, dialog, .toast-list, .banners";
/** Elements that take the focus of their content. */
const ROW = ".row[tabindex], .list";
const FIELD = ".composer textarea";
/** Without a composer: the messages, the tab of the dashboard, the page, the login form. */
const PLACES = [
  ".list",
  "[role=tab][aria-selected=true]",
  "#messages",
  ".enter-form input",
  "button",
];

function isUsable(element: Element | null | undefined): element is HTMLElement {
  return (
    element instanceof HTMLElement &&
    element.isConnected &&
    element !== document.body &&
    !element.matches(":disabled, [inert], [inert] *") &&
    element.getClientRects().length > 0 &&
    getComputedStyle(element).visibility === "visible"
  );
}

function isFocusLost(): boolean {
  const { activeElement: active, body } = document;
  return active === body || !isUsable(active);
}

function focusableIn(group: Element): readonly HTMLElement[] {
  return [...group.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(isUsable);
}

/** Position of the focus, whose element may be removed. */
interface FocusPlace {
  readonly element: HTMLElement;
  /** Innermost first. */
  readonly ancestors: readonly Element[];
  readonly at: number;
}

function placeOf(element: HTMLElement): FocusPlace {
  const ancestors: Element[] = [];
  for (let next = element.parentElement; next !== null; next = next.parentElement)
    ancestors.push(next);
  const group = element.closest(GROUP);
  return { element, ancestors, at: group === null ? 0 : focusableIn(group).indexOf(element) };
}

function neighbourOf({ ancestors, at }: FocusPlace): HTMLElement | undefined {
  for (const ancestor of ancestors) {
    if (!isUsable(ancestor)) continue;
    if (ancestor.matches(ROW)) return ancestor;
    if (ancestor.matches(".composer")) return partOf(ancestor);
    if (!ancestor.matches(GROUP)) continue;
    const inside = focusableIn(ancestor);
    const next = inside[Math.min(Math.max(at, 0), inside.length - 1)];
    if (next !== undefined) return next;
  }
  return undefined;
}

/** Field of the composer or, while a recording hides it, the last button. */
function partOf(composer: Element): HTMLElement | undefined {
  const field = composer.querySelector("textarea");
  return isUsable(field) ? (isTouched() ? undefined : field) : focusableIn(composer).at(-1);
}

/** A field would open the keyboard of a phone. */
function isTouched(): boolean {
  return matchMedia("(hover: none)").matches;
}

function fallback(): HTMLElement | undefined {
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  if (dialog !== undefined) return focusableIn(dialog)[0];
  const places = isTouched() ? PLACES : [FIELD, ...PLACES];
  return places.map((place) => document.querySelector(place)).find(isUsable);
}

/**
 * Focuses what opened a closed layer or panel, or else the composer, unless something else has
 * the focus.
 */
export function handOnFocus(opener: Element | null | undefined, place?: FocusPlace): void {
  if (!isFocusLost()) return;
  const next = isUsable(opener) ? opener : ((place && neighbourOf(place)) ?? fallback());
  next?.focus({ preventScroll: true });
}

/** Watches for focused elements that disappear. Returns a function that ends this. */
export function keepFocus(): () => void {
  let place: FocusPlace | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const check = () => {
    timer = undefined;
    // A disabled element gets the focus back as soon as it is enabled.
    if (place === undefined || !isFocusLost()) return;
    const { element } = place;
    const isWaiting = element.isConnected && element.matches(":disabled");
    if (!isWaiting) handOnFocus(element, place);
  };
  // Waits for the handlers that choose another element.
  const observer = new MutationObserver((changes) => {
    // Called after each change of the page, so it causes no layout. A hidden element keeps the
    // focus until the next frame.
    const mayHide = changes.some(({ type }) => type === "attributes");
    if (place !== undefined && (mayHide || document.activeElement === document.body))
      timer ??= setTimeout(check);
  });
  observer.observe(document.body, {
    subtree: true,
    childList: true,
    attributeFilter: ["disabled", "hidden", "inert"],
  });
  const onFocusIn = ({ target }: { readonly target: EventTarget | null }) => {
    if (target instanceof HTMLElement && target !== document.body) place = placeOf(target);
  };
  // The user may have chosen a field before the scripts ran.
  onFocusIn({ target: document.activeElement });
  // The user clicked beside the element, which is still there.
  const onFocusOut = ({ target, relatedTarget }: FocusEvent) => {
    if (relatedTarget !== null) return;
    setTimeout(() => {
      if (place?.element === target && isFocusLost() && isUsable(place?.element)) place = undefined;
    });
  };
  return combined(
    listen(document, "focusin", onFocusIn),
    listen(document, "focusout", onFocusOut),
    () => observer.disconnect(),
    () => clearTimeout(timer),
  );
}

const MODIFIERS = ["Alt", "AltGraph", "CapsLock", "Control", "Meta", "Shift"];
/** Keys of the keyboard on a phone's screen. */
const SCREEN_KEYS = ["Process", "Unidentified"];

/** Marks the page while its latest input was a pointer, whose user needs no focus outline. */
export function markPointerInput(): () => void {
  const { dataset } = document.documentElement;
  // The page itself sets the focus when it starts.
  if (isTouched()) dataset["pointer"] = "";
  const onPointerDown = () => {
    dataset["pointer"] = "";
  };
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (![...MODIFIERS, ...SCREEN_KEYS].includes(key)) delete dataset["pointer"];
  };
  return combined(
    listen(document, "pointerdown", onPointerDown, { capture: true }),
    listen(document, "keydown", onKeyDown, { capture: true }),
  );
}
