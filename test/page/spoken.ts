import { until } from "../event.ts";
import type { Visit } from "./visit.ts";

/** Texts that a screen reader receives from now on, in their order; `!` marks urgent ones. */
export class Spoken {
  readonly #visit: Visit;

  private constructor(visit: Visit) {
    this.#visit = visit;
  }

  static async of(visit: Visit): Promise<Spoken> {
    await visit.page.evaluate(`(() => {
      window.spoken = [];
      const report = (region, text) => {
        // A modal dialog hides all other regions.
        const dialogs = [...document.querySelectorAll("dialog:modal")];
        if (dialogs.some((dialog) => !dialog.contains(region))) text = "(unheard) " + text;
        if (text !== "") window.spoken.push(text + (region.ariaLive === "assertive" ? "!" : ""));
      };
      new MutationObserver((records) => {
        for (const { target, addedNodes, type } of records) {
          const element = target instanceof Element ? target : target.parentElement;
          const region = element?.closest("[aria-live], [role=status], [role=alert]");
          if (region === null || region === undefined) continue;
          if (type === "characterData") report(region, target.data);
          for (const { textContent } of addedNodes) report(region, textContent);
        }
      }).observe(document.body, { childList: true, characterData: true, subtree: true });
    })()`);
    return new Spoken(visit);
  }

  all(): Promise<readonly string[]> {
    return this.#visit.page.evaluate<string[]>("window.spoken");
  }

  async waitFor(text: string, count = 1): Promise<void> {
    await until(`${count} times spoken: ${text}`, async () => {
      const all = await this.all();
      return all.filter((line) => line.includes(text)).length >= count;
    }).catch(async (error: unknown) => {
      throw new Error(`spoken: ${(await this.all()).join(" | ")}`, { cause: error });
    });
  }
}
