/** State of the help: whether it is open, and what of it. */

import { HELP_HASH } from "./route.ts";

const TABS = ["questions", "keys", "experts"] as const;
export type HelpTab = (typeof TABS)[number];

export interface HelpView {
  readonly tab: HelpTab;
  /** Name of the chosen question; empty for the first. */
  readonly question: string;
  /** Command that experts look up: empty, `all`, or its name. */
  readonly topic: string;
}

const FIRST: HelpView = { tab: "questions", question: "", topic: "" };

export class HelpStore {
  /** `undefined` while the help is closed. */
  view: HelpView | undefined;
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly open = (view: Partial<HelpView> = {}): void => {
    this.#set({ ...FIRST, ...view });
  };

  /** Opens what a fragment such as `#help/hand` names. */
  follow(name: string): void {
    const tab = TABS.find((one) => one === name);
    this.open(tab === undefined ? { question: name } : { tab });
  }

  readonly close = (): void => {
    if (this.view !== undefined) this.#set(undefined);
  };

  #set(view: HelpView | undefined): void {
    this.view = view;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Returns the store of the page, which the sign-in does not need. */
export function helpOf({ help }: { readonly help: { instance?: HelpStore } }): HelpStore {
  help.instance ??= new HelpStore();
  return help.instance;
}

/**
 * @returns what `#help/…` names: a question or tab, or nothing; `undefined` if the hash is no
 * address of the help
 */
export function readHelpRoute(hash: string): string | undefined {
  const [found, name = ""] = HELP_HASH.exec(hash) ?? [];
  return found === undefined ? undefined : name;
}

/** Returns the fragment that opens the view. */
export function helpAddress({ tab, question }: HelpView): string {
  const name = tab === "questions" ? question : tab;
  return name === "" ? "#help" : `#help/${name}`;
}
