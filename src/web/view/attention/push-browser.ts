/** Web push in the browser: the service worker and its subscription. */

import { equalBytes } from "../../../base/bytes.ts";

/** Why this browser cannot receive pushes. */
export type PushTrouble =
  /** No TLS, or a certificate that the browser does not trust. */
  | "untrusted"
  /** No service workers or no push support. */
  | "missing"
  /** The user or the browser denied permission. */
  | "denied"
  /** The push service does not answer. */
  | "failed";

export class PushError extends Error {
  readonly trouble: PushTrouble;

  constructor(trouble: PushTrouble, cause?: unknown) {
    super(trouble, { cause });
    this.trouble = trouble;
  }
}

/** Subscription for the server: the endpoint and the encryption keys. */
export interface BrowserSubscription {
  readonly endpoint: string;
  readonly key: Uint8Array;
  readonly auth: Uint8Array;
}

/** Trouble that is known without asking for permission. */
export function pushTrouble(): PushTrouble | undefined {
  if (!isSecureContext) return "untrusted";
  const isThere = "serviceWorker" in navigator && "PushManager" in window;
  return isThere && "Notification" in window ? undefined : "missing";
}

/**
 * Subscribes for this server's key, replacing a subscription for another key.
 * @throws PushError
 */
export async function subscribe(key: Uint8Array, lang: string): Promise<BrowserSubscription> {
  const { pushManager } = await worker(lang);
  try {
    const there = await pushManager.getSubscription();
    const before = there?.options?.applicationServerKey;
    const isOther = before != null && !equalBytes(new Uint8Array(before), key);
    if (isOther) await there?.unsubscribe();
    const options = { userVisibleOnly: true, applicationServerKey: new Uint8Array(key) };
    const found = there === null || isOther ? await pushManager.subscribe(options) : there;
    return {
      endpoint: found.endpoint,
      key: new Uint8Array(found.getKey("p256dh") ?? []),
      auth: new Uint8Array(found.getKey("auth") ?? []),
    };
  } catch (error) {
    const isDenied = error instanceof DOMException && error.name === "NotAllowedError";
    throw new PushError(isDenied ? "denied" : "failed", error);
  }
}

/** Cancels the subscription and unregisters the worker. */
export async function unsubscribe(): Promise<void> {
  const found = await (navigator as Partial<Navigator>).serviceWorker?.getRegistration("/");
  const there = await found?.pushManager?.getSubscription();
  await there?.unsubscribe();
  await found?.unregister();
}

async function worker(lang: string): Promise<ServiceWorkerRegistration> {
  const trouble = pushTrouble();
  if (trouble !== undefined) throw new PushError(trouble);
  const { serviceWorker } = navigator;
  try {
    // The worker's file is fetched each time, bypassing all caches.
    const options = { updateViaCache: "none" } as const;
    await serviceWorker.register(`/worker.js?lang=${encodeURIComponent(lang)}`, options);
  } catch (error) {
    // Browsers load a page with an untrusted certificate but do not run its worker.
    throw new PushError("untrusted", error);
  }
  return serviceWorker.ready;
}
