/** The service worker, which shows notifications, and its subscription to web push. */

import { equalBytes } from "../../../base/bytes.ts";
import { defined } from "../../../base/values.ts";

export type PushProblem = "untrusted" | "missing" | "denied" | "failed";

export class PushError extends Error {
  constructor(
    readonly problem: PushProblem,
    cause?: unknown,
  ) {
    super(problem, { cause });
  }
}

export interface BrowserSubscription {
  readonly endpoint: string;
  readonly key: Uint8Array;
  readonly auth: Uint8Array;
}

export function pushProblem(): PushProblem | undefined {
  if (!isSecureContext) return "untrusted";
  const hasPush = "serviceWorker" in navigator && "PushManager" in window;
  return hasPush && "Notification" in window ? undefined : "missing";
}

/** Replaces a subscription that was made with a different server key. */
export async function subscribe(key: Uint8Array, lang: string): Promise<BrowserSubscription> {
  const problem = pushProblem();
  if (problem !== undefined) throw new PushError(problem);
  const { pushManager } = await registerWorker(lang);
  try {
    const existing = await pushManager.getSubscription();
    const before = existing?.options?.applicationServerKey;
    const hasOtherKey = before != null && !equalBytes(new Uint8Array(before), key);
    if (hasOtherKey) await existing?.unsubscribe();
    const options = { userVisibleOnly: true, applicationServerKey: new Uint8Array(key) };
    const subscription =
      existing === null || hasOtherKey ? await pushManager.subscribe(options) : existing;
    return {
      endpoint: subscription.endpoint,
      key: new Uint8Array(subscription.getKey("p256dh") ?? []),
      auth: new Uint8Array(subscription.getKey("auth") ?? []),
    };
  } catch (error) {
    const isDenied = error instanceof DOMException && error.name === "NotAllowedError";
    throw new PushError(isDenied ? "denied" : "failed", error);
  }
}

/** Phones and tablets show notifications only from a service worker. */
export function isPhone(): boolean {
  return /Android|iPhone|iPad/.test(navigator.userAgent);
}

export async function canNotify(lang: string): Promise<boolean> {
  if (!isSecureContext) return false;
  if (!isPhone()) return true;
  return registerWorker(lang).then(
    () => true,
    () => false,
  );
}

export async function unsubscribe(): Promise<void> {
  const registration = await (navigator as Partial<Navigator>).serviceWorker?.getRegistration("/");
  const existing = await registration?.pushManager?.getSubscription();
  await existing?.unsubscribe();
}

/** @throws {PushError} untrusted if the browser runs no worker of this server */
export async function registerWorker(lang: string): Promise<ServiceWorkerRegistration> {
  const { serviceWorker } = navigator as Partial<Navigator>;
  if (serviceWorker === undefined) throw new PushError("untrusted");
  try {
    const options = { updateViaCache: "none" } as const;
    await serviceWorker.register(`/worker.js?lang=${encodeURIComponent(lang)}`, options);
  } catch (error) {
    // Browsers accept a page with an untrusted certificate but not its worker.
    throw new PushError("untrusted", error);
  }
  return serviceWorker.ready;
}

export async function notifyFromWorker(
  lang: string,
  title: string,
  options: NotificationOptions,
): Promise<void> {
  const registration = await registerWorker(lang);
  await registration.showNotification(title, options);
}

/** @param tag closes only notifications with this tag */
export async function closeNotifications(tag?: string): Promise<void> {
  const registration = await (navigator as Partial<Navigator>).serviceWorker?.getRegistration("/");
  const shown = await registration?.getNotifications(defined({ tag }));
  for (const notification of shown ?? []) notification.close();
}
