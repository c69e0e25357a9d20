/** All that shows notifications, which the page loads with the texts of the rooms. */

import type { Model } from "../../../core/model/state.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { pageNoticeText } from "../../../ui/text/notice-text.ts";
import { placeTitle } from "../../../ui/text/target-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import type { PageEvent } from "../../driver/page-client.ts";
import { OpenNotifications } from "./open-notifications.ts";
import { closeNotifications, notifyFromWorker, registerWorker } from "./push-browser.ts";
import { playSound, ring } from "./sound.ts";

type Notified = Extract<PageEvent, { readonly kind: "notify" }>;

export function messageNotification(
  { item, target, why }: Notified,
  texts: Texts,
  times: Times,
  model: Model,
): { readonly title: string; readonly body: string } {
  const author = authorText(item, texts, model);
  const title = texts.notificationTitle(author, placeTitle(model, target, texts));
  return { title, body: why === "called" ? texts.callsYou : briefText(item, texts, times) };
}

export {
  closeNotifications,
  notifyFromWorker,
  OpenNotifications,
  pageNoticeText,
  playSound,
  registerWorker,
  ring,
};
