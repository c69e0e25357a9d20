/** Push setting of this browser, and the component that keeps the server informed. */

import { useEffect, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import type { AllTexts } from "../../../ui/messages/en/parts.ts";
import { readRoute } from "../../input/route.ts";
import { FaultLine, useFact, useOnline, useWork } from "../shell/context.tsx";
import { listen, whenSettled } from "../shell/effects.ts";
import { Check } from "../shell/form.tsx";
import { type PartPage, usePartPage } from "../shell/full-page.ts";
import {
  PushError,
  type PushTrouble,
  pushTrouble,
  subscribe,
  unsubscribe,
} from "./push-browser.ts";

function troubleText(trouble: PushTrouble, texts: AllTexts): string {
  switch (trouble) {
    case "untrusted":
      return texts.pushesUntrusted;
    case "missing":
      return texts.pushesMissing;
    case "denied":
      return texts.notificationsDenied;
    case "failed":
      return texts.pushesFailed;
  }
}

/** Subscribes and sends the subscription to the server. @throws PushError, Fault */
async function begin({ chat, texts }: PartPage): Promise<void> {
  const { key } = await chat.request("push-key", {});
  await chat.request("push-subscribe", await subscribe(key, texts.lang));
}

/** Stops pushes to this browser. */
export async function endPushes({ change }: Pick<PartPage, "change">): Promise<void> {
  change({ pushesFor: undefined });
  await unsubscribe().catch(() => undefined); // The server has already removed it.
}

/** Whether the server supports pushes; `undefined` until known. */
function useOffer({ chat }: PartPage): boolean | undefined {
  const [isOffered, setOffered] = useState<boolean | undefined>(undefined);
  useEffect(
    () =>
      whenSettled(
        chat.request("push-key", {}),
        () => setOffered(true),
        () => setOffered(false),
      ),
    [chat],
  );
  return isOffered;
}

export function PushSetting() {
  const page = usePartPage();
  const { texts, chat, settings, change } = page;
  const me = useFact((model) => model.me);
  const isOffered = useOffer(page);
  const [trouble, setTrouble] = useState(pushTrouble);
  const work = useWork();
  // A `chat web` page ends with its program.
  const isLocal = document.documentElement.dataset["local"] !== undefined;
  if (isOffered !== true || isLocal || me === undefined) return null;
  const turn = async (on: boolean) => {
    if (!on) {
      await chat.request("push-unsubscribe", {});
      return endPushes(page);
    }
    try {
      if ((await Notification.requestPermission()) !== "granted") throw new PushError("denied");
      await begin(page);
      setTrouble(undefined);
      change({ pushesFor: me, notifies: true });
    } catch (error) {
      if (!(error instanceof PushError)) throw error;
      setTrouble(error.trouble);
    }
  };
  return (
    <>
      {trouble === "untrusted" || trouble === "missing" ? null : (
        <Check
          label={texts.pushes}
          isOn={settings.pushesFor === me}
          onChange={(on) => work.run(() => turn(on))}
        />
      )}
      <p className="hint" role="status">
        {trouble === undefined ? texts.pushesExplained : troubleText(trouble, texts)}
      </p>
      <FaultLine fault={work.fault} />
    </>
  );
}

/** Renews the server's subscription while the page is open, and handles clicks on notifications. */
export function PushKeeper() {
  const page = usePartPage();
  const { chat, change } = page;
  const isOnline = useOnline();
  const isFocused = useFact((model) => model.isFocused);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once on each connection
  useEffect(() => {
    if (!isOnline) return;
    begin(page).catch((error: unknown) => {
      const isOver = error instanceof PushError && error.trouble === "denied";
      // The server or the browser no longer supports pushes: turn the setting off.
      const isRefused = error instanceof Fault && error.code === "not-allowed";
      if (isOver || isRefused) change({ pushesFor: undefined });
    });
  }, [isOnline]);
  useEffect(() => {
    const onMessage = ({ data }: MessageEvent<unknown>) => {
      const { kind, at } = (data ?? {}) as { readonly kind?: unknown; readonly at?: unknown };
      const target = typeof at === "string" ? readRoute(`#/${at}`)?.target : undefined;
      if (kind === "open" && target !== undefined) chat.open(target);
    };
    return listen((navigator as Partial<Navigator>).serviceWorker, "message", onMessage);
  }, [chat]);
  useEffect(() => {
    if (!isFocused) return;
    void closeShown().catch(() => undefined);
  }, [isFocused]);
  return null;
}

/** Closes notifications of messages that are now visible. */
async function closeShown(): Promise<void> {
  const found = await (navigator as Partial<Navigator>).serviceWorker?.getRegistration("/");
  for (const shown of (await found?.getNotifications()) ?? []) shown.close();
}
