/** Service worker for push notifications. Without a cache, it never serves an outdated page. */

import { isGroupName } from "../base/names.ts";
import { cleanText } from "../base/text.ts";
import { PUSH_TEXTS } from "../ui/messages/push.ts";
import { readRoute } from "./input/route.ts";

interface WorkerScope {
  readonly location: { readonly search: string };
  readonly registration: {
    showNotification(title: string, options: NotificationContent): Promise<void>;
  };
  readonly clients: {
    matchAll(options: object): Promise<readonly PageClient[]>;
    openWindow(path: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(kind: "install", listener: (event: Extendable) => void): void;
  addEventListener(kind: "push", listener: (event: PushEvent) => void): void;
  addEventListener(kind: "notificationclick", listener: (event: ClickEvent) => void): void;
}

interface Extendable {
  waitUntil(promise: Promise<unknown>): void;
}

interface PushEvent extends Extendable {
  readonly data: { json(): unknown } | null;
}

interface ClickEvent extends Extendable {
  readonly notification: { readonly data: unknown; close(): void };
}

interface PageClient {
  readonly visibilityState: string;
  focus(): Promise<unknown>;
  postMessage(message: object): void;
}

interface NotificationContent {
  readonly body: string;
  readonly tag: string;
  readonly renotify: boolean;
  readonly icon: string;
  readonly data: { readonly at: string; readonly room: string };
}

declare const PUSH_ICON: string;

const scope = globalThis as unknown as WorkerScope;

type Fields = Readonly<Record<string, unknown>>;

function pushFields({ data }: PushEvent): Fields {
  try {
    const value = data?.json();
    return typeof value === "object" && value !== null ? (value as Fields) : {};
  } catch {
    return {};
  }
}

function cleanField(value: unknown): string {
  return typeof value === "string" ? cleanText(value) : "";
}

function parseTarget(value: unknown): string {
  return typeof value === "string" ? (readRoute(`#/${value}`)?.target ?? "") : "";
}

/** Shows unreadable pushes too, because browsers revoke the permission otherwise. */
function show(event: PushEvent): Promise<void> {
  const { tag, at, title: groupTitle, from, text, count } = pushFields(event);
  const target = parseTarget(at);
  const lang = new URLSearchParams(scope.location.search).get("lang") ?? "";
  const fallbackText = PUSH_TEXTS[lang] ?? PUSH_TEXTS["en"] ?? "";
  const body = cleanField(text);
  const author = cleanField(from);
  const place = isGroupName(target) ? cleanField(groupTitle) : target;
  const isDirect = target.startsWith("@") || place === "";
  const title = isDirect || author === "" ? author || place : `${author} \u00b7 ${place}`;
  const countPrefix = typeof count === "number" && count > 1 ? `(${count}) ` : "";
  return scope.registration.showNotification(title || "chat", {
    body: body === "" ? fallbackText : countPrefix + body,
    tag: typeof tag === "string" ? tag : "",
    renotify: typeof tag === "string" && tag !== "",
    icon: PUSH_ICON,
    // The server tags a push with its room, or with the word "sealed".
    data: { at: target, room: typeof tag === "string" ? tag : "" },
  });
}

async function open(target: string, room: string): Promise<void> {
  const pages = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find(({ visibilityState }) => visibilityState === "visible") ?? pages[0];
  if (page === undefined) {
    await scope.clients.openWindow(target === "" ? "/" : `/#/${target}`);
    return;
  }
  page.postMessage({ kind: "open", at: target, room });
  await page.focus();
}

// Replaces the previous worker immediately, because workers hold no state.
scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("push", (event) => event.waitUntil(show(event)));
scope.addEventListener("notificationclick", (event) => {
  const { notification } = event;
  notification.close();
  const { at, room } = (notification.data ?? {}) as Fields;
  event.waitUntil(open(parseTarget(at), typeof room === "string" ? room : ""));
});
