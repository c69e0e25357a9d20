/** What a browser has for pages that are closed: a worker, and a subscription at a push service. */
import { equalBytes } from "../../../base/bytes.ts";

/** Why this browser tells nothing while the page is closed. */
export type PushTrouble =
  /** The page came without TLS, or with a certificate that the browser does not trust. */
  | "untrusted"
  /** It has no workers or no pushes. */
  | "missing"
  /** The user, or the browser by itself, said no. */
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

/** For the server: where to send, and how to encrypt. */
export interface BrowserSubscription {
  readonly endpoint: string;
  readonly key: Uint8Array;
  readonly auth: Uint8Array;
}

/** What can be known without asking for anything. */
export function pushTrouble(): PushTrouble | undefined {
  if (!isSecureContext) return "untrusted";
  const isThere = "serviceWorker" in navigator && "PushManager" in window;
  return isThere && "Notification" in window ? undefined : "missing";
}

/**
 * The subscription for this server's key: the one that there is, or another one.
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

/** The browser takes none any more, and runs nothing of this page. */
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
    // Its own file is asked for anew each time, past all caches.
    const options = { updateViaCache: "none" } as const;
    await serviceWorker.register(`/worker.js?lang=${encodeURIComponent(lang)}`, options);
  } catch (error) {
    // Browsers go on with a page whose certificate they do not trust, and run no worker of it.
    throw new PushError("untrusted", error);
  }
  return serviceWorker.ready;
}
