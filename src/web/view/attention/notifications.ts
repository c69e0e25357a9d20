/** Shows events as notifications, sounds and announcements; loaded with the texts of the rooms. */

import { isSameName } from "../../../core/model/item.ts";
import type { Model } from "../../../core/model/state.ts";
import { ifPossible } from "../../../io/promises.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { pageNoticeText } from "../../../ui/text/notice-text.ts";
import { placeTitle } from "../../../ui/text/target-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import type { PageClient, PageEvent } from "../../driver/page-client.ts";
import type { PageValue } from "../shell/context.tsx";
import { OpenNotifications } from "./open-notifications.ts";
import { closeNotifications, notifyFromWorker, registerWorker } from "./push-browser.ts";
import { playSound, ring } from "./sound.ts";

type Notified = Extract<PageEvent, { readonly kind: "notify" }>;

/** Present settings and texts of the page. */
export type ShownBy = Pick<PageValue, "settings" | "texts" | "times" | "notify"> | undefined;

export { registerWorker };

export class Notifier {
  readonly #open = new OpenNotifications();

  constructor(
    private readonly chat: PageClient,
    private readonly announce: (kind: "personal", text: string) => void,
  ) {}

  /** Closes notifications that are not needed any more. */
  update(): void {
    this.#open.update(this.chat.model);
  }

  show(event: PageEvent, page: NonNullable<ShownBy>): void {
    // A class sees neither messages nor sounds of its teacher.
    if (document.querySelector(".wall-page")) return;
    const { settings, texts, times, notify } = page;
    const { model } = this.chat;
    if (event.kind === "code-asked" || event.kind === "event") return;
    if (event.kind !== "notify") return notify(pageNoticeText(event, texts, model));
    const { room, target, why } = event;
    const { title, body } = messageNotification(event, texts, times, model);
    const isCall = why === "called";
    // The open room announces its messages.
    if (isCall || !isSameName(model.open, target)) this.announce("personal", `${title}: ${body}`);
    // The sound stays off if the browser requires a click first.
    if (settings.sounds && isCall) ring(() => this.#isCalledIn(room));
    else if (settings.sounds) void ifPossible(playSound());
    if (settings.notify && "Notification" in window) this.#notify(event, title, body, texts.lang);
  }

  #isCalledIn(room: Notified["room"]): boolean {
    const { rooms, me } = this.chat.model;
    return isSameName(rooms.get(room)?.called, me);
  }

  #notify({ room, target, item, why }: Notified, title: string, body: string, lang: string): void {
    const { chat } = this;
    const data = { at: target, room, user: chat.model.me };
    const content = { body, tag: `${room} ${item.seq}`, data };
    const closeLater = (close: () => void) => {
      if (why === "message") this.#open.add({ ...item, room }, close);
    };
    try {
      const notification = new Notification(title, content);
      notification.onclick = () => {
        window.focus();
        chat.actions.open(chat.model.rooms.get(room)?.target ?? target);
      };
      closeLater(() => notification.close());
    } catch {
      // The setting explains why a phone runs no service worker.
      void ifPossible(notifyFromWorker(lang, title, content));
      closeLater(() => void ifPossible(closeNotifications(content.tag)));
    }
  }
}

function messageNotification(
  { item, target, why }: Notified,
  texts: Texts,
  times: Times,
  model: Model,
): { readonly title: string; readonly body: string } {
  const author = authorText(item, texts, model);
  const title = texts.notificationTitle(author, placeTitle(model, target, texts));
  return { title, body: why === "called" ? texts.callsYou : briefText(item, texts, times) };
}
