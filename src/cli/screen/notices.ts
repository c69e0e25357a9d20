/** Notices for the user: below the timeline, in overlays and on the desktop. */

import { AssertionFailure } from "../../base/assert.ts";
import type { Fault } from "../../base/fault.ts";
import { SCREEN_FAULT_MS } from "../../base/limits-screen.ts";
import type { ChatEffect } from "../../client/chat-client.ts";
import type { ClientEvent } from "../../client/event.ts";
import { isMessage, isSameName } from "../../core/model/item.ts";
import type { FoundItem, SearchQuery, TransferView, VisibleFault } from "../../core/model/state.ts";
import type { Clock } from "../../io/clock.ts";
import type { Chat } from "../../ui/command.ts";
import type { TerminalMessage } from "../../ui/messages/en/terminal.ts";
import { authorText, briefText } from "../../ui/text/event-text.ts";
import { noticeText } from "../../ui/text/notice-text.ts";
import { targetTitle } from "../../ui/text/target-text.ts";
import type { Times } from "../../ui/text/times.ts";
import type { ChatExit } from "../chat/chat-exit.ts";
import { toFault } from "../errors.ts";
import type { Environment } from "../settings.ts";
import type { Overlay, ScreenNote, ScreenSettings, ScreenState } from "./state/screen-state.ts";
import { DesktopNotifier, runQuietly } from "./terminal/notification.ts";
import type { TerminalScreen } from "./terminal/screen.ts";
import { faultLineIn, type ScreenTexts } from "./text/texts.ts";
import { isTargetMuted } from "./view/panels.ts";

/**
 * Maximum length of a welcome text below the timeline, in UTF-16 code units. A longer text opens an
 * overlay.
 */
const WELCOME_NOTE_LENGTH_MAX = 240;
const WELCOME_NOTE_LINES_MAX = 5;

export interface ScreenHost {
  readonly state: ScreenState;
  readonly settings: ScreenSettings;
  readonly screenTexts: ScreenTexts;
  readonly times: Times;
  patch(change: Partial<ScreenState>): void;
  openInbox(): void;
  undoRead(): void;
  findMessages(query: SearchQuery | undefined): void;
  prepareFinder(): void;
  /** Changes a setting, as `/set` does. */
  set(argument: string): void;
}

export interface ScreenNoticesOptions {
  readonly clock: Pick<Clock, "after">;
  readonly env: Environment;
  readonly chat: Chat;
  readonly terminal: Pick<TerminalScreen, "ring" | "notify">;
  readonly exit: ChatExit;
  readonly host: ScreenHost;
}

type Failure = ScreenNote | VisibleFault | TransferView;

export class ScreenNotices {
  readonly #desktop = new DesktopNotifier((command) => runQuietly(command, this.options.env));
  readonly #timers = new Map<Failure, () => void>();
  #isWelcomed = false;

  constructor(private readonly options: ScreenNoticesOptions) {}

  note(text: TerminalMessage): void {
    this.#add({ text: this.text(text), tone: "plain" });
  }

  fault(fault: Fault): void {
    this.note(() => faultLineIn(this.options.host.screenTexts, fault));
  }

  noteLeftRoom(room: string, text: TerminalMessage): void {
    const { host } = this.options;
    const otherNotes = host.state.notes.filter(({ leftRoom }) => !isSameName(leftRoom, room));
    const note: ScreenNote = { text: this.text(text), tone: "plain", leftRoom: room };
    host.patch({ notes: [...otherNotes, note] });
  }

  showText(title: TerminalMessage, lines: readonly string[]): void {
    this.options.host.patch({ overlay: { kind: "text", title: this.text(title), lines, top: 0 } });
  }

  showMessages(title: string, found: readonly FoundItem[]): void {
    const overlay: Overlay = { kind: "messages", title, found, selectedIndex: 0 };
    this.options.host.patch({ overlay });
  }

  text(message: TerminalMessage): string {
    return message(this.options.host.screenTexts.screen);
  }

  attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.fail(error);
    }
  }

  /** A failed assertion ends the client. */
  fail(error: unknown): void {
    const { exit, host } = this.options;
    if (error instanceof AssertionFailure) return exit.fail(error);
    if (!exit.hasEnded) this.failure(faultLineIn(host.screenTexts, toFault(error)));
  }

  failure(text: string): void {
    this.#add({ text, tone: "fault" });
  }

  showEvent(event: ClientEvent): void {
    switch (event.kind) {
      case "invited":
      case "announced":
      case "disk-low":
      case "elsewhere":
      case "rejoined":
      case "handover":
        return this.note(noticeText(event, this.options.host.screenTexts.server));
      case "sealed-fault":
        return this.fail(event.fault);
      case "account-changed":
        return this.failure(this.text(noticeText(event, this.options.host.screenTexts.server)));
      default:
        return;
    }
  }

  welcome(text: string | undefined): void {
    if (text === undefined || this.#isWelcomed) return;
    this.#isWelcomed = true;
    const lines = text.split(/\r?\n/);
    const isShort =
      text.length <= WELCOME_NOTE_LENGTH_MAX && lines.length <= WELCOME_NOTE_LINES_MAX;
    if (isShort) this.#add({ text, tone: "plain" });
    else this.showText(() => this.options.chat.model.server?.name ?? "chat", lines);
  }

  notify({ target, item, why }: Extract<ChatEffect, { kind: "notify" }>): void {
    const { terminal, host } = this.options;
    const { bell, muted, notify } = host.settings;
    const texts = host.screenTexts;
    if (isTargetMuted(muted, target) && why !== "called") return;
    if (bell) terminal.ring();
    const { model } = this.options.chat;
    const title = targetTitle(model, target);
    const brief = briefText(item, texts, host.times);
    const author = authorText(item, texts, model);
    const said = isMessage(item) ? `${author}: ${brief}` : brief;
    const text = why === "called" ? `${author} ${texts.callsYou}` : said;
    if (notify === "notify-send") void this.#desktop.notify(title, text);
    else if (notify !== "off") terminal.notify(title, text, notify);
  }

  clear(): void {
    const { chat, host } = this.options;
    host.patch({ notes: [] });
    for (const { id } of chat.model.faults) chat.actions.dismissFault(id);
    for (const { id } of this.#failedTransfers) chat.store.enqueue({ kind: "transfer-gone", id });
  }

  expire(): void {
    const { clock, chat, host } = this.options;
    const { notes, isFocused } = host.state;
    const faults = notes.filter(({ tone }) => tone === "fault");
    const failures = [...faults, ...chat.model.faults, ...this.#failedTransfers];
    const visible: ReadonlySet<Failure> = new Set(isFocused ? failures : []);
    for (const [failure, cancel] of this.#timers) {
      if (visible.has(failure)) continue;
      cancel();
      this.#timers.delete(failure);
    }
    for (const failure of visible) {
      if (this.#timers.has(failure)) continue;
      const cancel = clock.after(SCREEN_FAULT_MS, () => {
        this.#timers.delete(failure);
        this.#remove(failure);
      });
      this.#timers.set(failure, cancel);
    }
  }

  end(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  get #failedTransfers(): readonly TransferView[] {
    const { transfers } = this.options.chat.model;
    return [...transfers.values()].filter(({ state }) => state.kind === "failed");
  }

  #remove(failure: Failure): void {
    const { chat, host } = this.options;
    if ("fault" in failure) chat.actions.dismissFault(failure.id);
    else if ("id" in failure) chat.store.enqueue({ kind: "transfer-gone", id: failure.id });
    else host.patch({ notes: host.state.notes.filter((note) => note !== failure) });
  }

  #add(note: ScreenNote): void {
    const { host } = this.options;
    host.patch({ notes: [...host.state.notes, note] });
  }
}
