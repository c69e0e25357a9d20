/** Queue of toasts, each with a time to live. */

import type { Clock } from "../../../io/clock.ts";

/** Maximum number of toasts, as many as fit on a phone. The oldest is dropped first. */
const TOASTS_MAX = 4;
/** Minimum display time. Each letter adds LETTER_MS, for users who read 15 letters a second. */
const NOTICE_MS = 4_000;
const LETTER_MS = 67;
/** Enough to read the longest fault text. */
const VISIBLE_MS_MAX = 15_000;

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly isFault: boolean;
}

interface Timed extends Toast {
  readonly endsAt: number;
}

/** Only the latest container with the highest level displays toasts. */
export interface ToastContainer {
  readonly level: "page" | "conversation" | "dialog";
}

const LEVELS: readonly ToastContainer["level"][] = ["page", "conversation", "dialog"];

export class ToastQueue {
  readonly #listeners = new Set<() => void>();
  #toasts: readonly Timed[] = [];
  #containers: readonly ToastContainer[] = [];
  #nextId = 1;
  #pausedAt: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(private readonly clock: Pick<Clock, "now" | "after">) {}

  get toasts(): readonly Toast[] {
    return this.#toasts;
  }

  get container(): ToastContainer | undefined {
    return this.#containers.at(-1);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  show(text: string, isFault: boolean): void {
    const visibleMs = Math.min(NOTICE_MS + text.length * LETTER_MS, VISIBLE_MS_MAX);
    const toast = { id: this.#nextId++, text, isFault, endsAt: this.clock.now() + visibleMs };
    const remaining = this.#toasts.filter((toast) => toast.text !== text);
    this.#change([...remaining, toast].slice(-TOASTS_MAX));
  }

  dismiss(id: number): void {
    this.#change(this.#toasts.filter((toast) => toast.id !== id));
  }

  pause(isPaused: boolean): void {
    if (isPaused === (this.#pausedAt !== undefined)) return;
    const nowMs = this.clock.now();
    const pausedMs = nowMs - (this.#pausedAt ?? nowMs);
    this.#pausedAt = isPaused ? nowMs : undefined;
    this.#toasts = this.#toasts.map((toast) => ({ ...toast, endsAt: toast.endsAt + pausedMs }));
    this.#scheduleExpiry();
  }

  addContainer(container: ToastContainer): () => void {
    const levelOf = (container: ToastContainer) => LEVELS.indexOf(container.level);
    this.#containers = [...this.#containers, container].sort((a, b) => levelOf(a) - levelOf(b));
    this.#emit();
    return () => {
      this.#containers = this.#containers.filter((entry) => entry !== container);
      this.#emit();
    };
  }

  #change(toasts: readonly Timed[]): void {
    this.#toasts = toasts;
    this.#scheduleExpiry();
    this.#emit();
  }

  #scheduleExpiry(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#pausedAt !== undefined || this.#toasts.length === 0) return;
    const next = Math.min(...this.#toasts.map(({ endsAt }) => endsAt));
    this.#cancel = this.clock.after(Math.max(1, next - this.clock.now()), () => {
      const nowMs = this.clock.now();
      this.#change(this.#toasts.filter(({ endsAt }) => endsAt > nowMs));
    });
  }

  #emit(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
