/** Settings of the full screen: defaults, `config.toml` and `/set`. */

import type { ClientState } from "../../io/state/client-state.ts";
import type { Context } from "../context.ts";
import { type Chosen, chosenOf, runSet, type SetState, withChosen } from "./settings/chosen.ts";
import { readSettings } from "./settings/values.ts";
import type { ScreenSettings } from "./state/settings.ts";

/** Name of the home's preference that stores the values of `/set`. */
const PREFERENCE = "screen";

/** Settings in force: the defaults, `config.toml`, and `/set` on top. */
export class ScreenPreferences {
  readonly #state: Pick<ClientState, "preference" | "prefer">;
  readonly #file: ScreenSettings;
  /** Unknown keys of `config.toml`. */
  readonly warnings: readonly string[];
  #chosen: Chosen;

  /** @throws Fault usage: `config.toml` is invalid */
  constructor(
    context: Pick<Context, "settings">,
    state: Pick<ClientState, "preference" | "prefer">,
  ) {
    this.#state = state;
    const { settings, warnings } = readSettings(context.settings().screen);
    this.#file = settings;
    this.warnings = warnings;
    this.#chosen = chosenOf(state.preference(PREFERENCE));
  }

  get settings(): ScreenSettings {
    return withChosen(this.#now);
  }

  /** @param words after `/set` @returns lines to show @throws Fault usage, too-many */
  set(words: string): readonly string[] {
    const { lines, chosen } = runSet(words, this.#now);
    if (chosen === undefined) return lines;
    this.#chosen = chosen;
    this.#state.prefer(PREFERENCE, JSON.stringify(chosen));
    return lines;
  }

  get #now(): SetState {
    return { file: this.#file, chosen: this.#chosen };
  }
}
