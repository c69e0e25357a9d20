/** Layers above the page, such as dialogs and menus, which Escape and Back close one by one. */

import { attempt } from "./attempt.ts";

interface BrowserWindow extends EventTarget {
  readonly history: {
    readonly state: unknown;
    pushState(state: number, unused: string, url: string): void;
    replaceState(state: number, unused: string, url: string): void;
    go(steps: number): void;
  };
  readonly location: { readonly href: string };
  setTimeout(act: () => void): unknown;
}

export interface Layer {
  readonly close: () => void;
  /** Escape does not leave a full page such as the dashboard. */
  readonly ignoresEscape?: boolean;
  /** The layer covers the messages, so that nobody reads them. */
  readonly isCover?: boolean;
  /** Fragment that opens the layer, such as `#help`. Default: the address of the page. */
  readonly address?: string | undefined;
}

/**
 * Owner of the history's entries. The state of an entry is its depth: 0 for a page, and one more
 * for each layer above it. Back therefore leaves the entry of the top layer.
 */
export class Layers {
  readonly #open: Layer[] = [];
  /** Address of the page under all layers, because a layer's entry may have an older address. */
  #address: string;
  #isReturning = false;
  #covers = 0;
  #pushed: string | undefined;
  /** Called when `isCovered` may have changed. */
  onChange: () => void = () => undefined;

  constructor(private readonly window: BrowserWindow) {
    this.#address = window.location.href;
    this.replace(this.#address, 0); // The page may have been reloaded below a layer.
    window.addEventListener("popstate", (event) => this.#onPopState(event));
    window.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || !("key" in event) || event.key !== "Escape") return;
      if (this.#open.length === 0 || this.#open.at(-1)?.ignoresEscape === true) return;
      event.preventDefault();
      this.closeTop();
    });
  }

  get isCovered(): boolean {
    return this.#covers > 0 || this.#open.some(({ isCover }) => isCover === true);
  }

  /**
   * Covers the messages without a layer, such as the list of rooms, below which there is nothing.
   * @returns function that uncovers them
   */
  cover(): () => void {
    this.#covers++;
    this.onChange();
    return () => {
      this.#covers--;
      this.onChange();
    };
  }

  /** @returns function that removes the layer */
  open(layer: Layer): () => void {
    this.#open.push(layer);
    this.onChange();
    this.settle();
    return () => {
      const at = this.#open.indexOf(layer);
      if (at < 0) return; // Closed by Back or Escape.
      this.#open.splice(at, 1);
      this.onChange();
      this.settle();
    };
  }

  closeTop(): void {
    this.#open.pop()?.close();
    this.onChange();
    this.settle();
  }

  push(address: string): void {
    this.#pushed = address;
    if (this.#isReturning) return;
    this.#pushed = undefined;
    // A closed layer's entry becomes the page's entry.
    this.#write(this.#depth > 0 ? "replaceState" : "pushState", 0, address);
    this.#address = this.window.location.href;
    this.settle();
  }

  replace(address: string, depth = this.#depth): void {
    this.#write("replaceState", depth, address);
    this.#address = this.window.location.href;
  }

  /**
   * @returns false if the browser refuses. Back then leaves the page instead of a layer.
   */
  #write(kind: "pushState" | "replaceState", depth: number, address: string): boolean {
    return attempt(() => [this.window.history[kind](depth, "", address)]) !== undefined;
  }

  get #depth(): number {
    const { state } = this.window.history;
    return typeof state === "number" ? state : 0;
  }

  /** Waits, because a dialog may replace another, and a click may also follow a link. */
  settle(): void {
    this.window.setTimeout(() => {
      if (this.#isReturning) return;
      const { history } = this.window;
      const count = this.#open.length;
      if (this.#depth > count) {
        const steps = count - this.#depth;
        this.#isReturning = attempt(() => [history.go(steps)]) !== undefined;
        return;
      }
      if (this.#depth < count) {
        let isWritten = this.#write("replaceState", this.#depth, this.#address);
        while (isWritten && this.#depth < count)
          isWritten = this.#write("pushState", this.#depth + 1, this.#address);
      }
      const { address } = this.#open.at(-1) ?? {};
      if (address !== undefined) this.#write("replaceState", this.#depth, address);
    });
  }

  #onPopState(event: Event): void {
    const { history, location } = this.window;
    const isTraversal = history.state !== null;
    const closing = isTraversal && !this.#isReturning ? this.#open.splice(this.#depth) : [];
    if (this.#isReturning || closing.length > 0) {
      event.stopImmediatePropagation();
      this.#isReturning = false;
      this.replace(this.#address);
      for (const layer of closing.reverse()) layer.close();
      this.onChange();
      if (this.#pushed !== undefined) this.push(this.#pushed);
    } else this.#address = location.href;
    this.settle();
  }
}
