/** Push setting in this browser, and the component that keeps the server informed. */

import { useEffect, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import type { RoomId } from "../../../base/ids.ts";
import { isSameName } from "../../../core/model/item.ts";
import { ifPossible } from "../../../io/promises.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { attempt } from "../../input/attempt.ts";
import { readRoute } from "../../input/route.ts";
import { Announced } from "../shell/announced.tsx";
import {
  FaultLine,
  type PageValue,
  useModelValue,
  useOnline,
  usePage,
  useTask,
} from "../shell/context.tsx";
import { listen, whenSettled } from "../shell/effects.ts";
import { Check } from "../shell/form.tsx";
import { TrustOffer } from "../trust/offer.tsx";
import {
  closeNotifications,
  PushError,
  type PushProblem,
  pushProblem,
  registerWorker,
  subscribe,
  unsubscribe,
} from "./push-browser.ts";

function problemText(problem: PushProblem, texts: Texts): string {
  switch (problem) {
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

async function subscribeOnServer({ chat, texts }: PageValue): Promise<void> {
  const { key } = await chat.request("push-key", {});
  await chat.request("push-subscribe", await subscribe(key, texts.lang));
}

export async function disablePushes({ change }: Pick<PageValue, "change">): Promise<void> {
  change({ pushesFor: undefined });
  await ifPossible(unsubscribe());
}

function useOffer({ chat }: PageValue): boolean | undefined {
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
  const page = usePage();
  const { texts, chat, settings, change } = page;
  const me = useModelValue((model) => model.me);
  const isOffered = useOffer(page);
  const [problem, setProblem] = useState(pushProblem);
  const task = useTask();
  useEffect(() => {
    if (chat.isLocal || pushProblem() !== undefined) return;
    return whenSettled(
      registerWorker(texts.lang),
      () => undefined,
      () => setProblem("untrusted"),
    );
  }, [chat, texts.lang]);
  // Pushes cannot outlast the program that serves a `chat web` page.
  if (isOffered !== true || chat.isLocal || me === undefined) return null;
  const setEnabled = async (on: boolean) => {
    if (!on) {
      await chat.request("push-unsubscribe", {});
      return disablePushes(page);
    }
    try {
      if ((await Notification.requestPermission()) !== "granted") throw new PushError("denied");
      await subscribeOnServer(page);
      setProblem(undefined);
      change({ pushesFor: me, notify: true });
    } catch (error) {
      if (!(error instanceof PushError)) throw error;
      setProblem(error.problem);
    }
  };
  return (
    <>
      {problem === "untrusted" || problem === "missing" ? null : (
        <Check
          label={texts.pushes}
          isOn={settings.pushesFor === me}
          onChange={(on) => task.run(() => setEnabled(on))}
        />
      )}
      <Announced kind="result" isInitiallyKnown className="hint">
        {problem === undefined ? texts.pushesExplained : problemText(problem, texts)}
      </Announced>
      {problem === "untrusted" ? <TrustOffer /> : null}
      <FaultLine fault={task.fault} />
    </>
  );
}

/** Subscribes to pushes again on each connection, and follows clicks on notifications. */
export function PushKeeper() {
  const page = usePage();
  const { chat, settings, change, fail } = page;
  const isOnline = useOnline();
  const isFocused = useModelValue((model) => model.isFocused);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once per connection
  useEffect(() => {
    if (!isOnline || settings.pushesFor === undefined) return;
    if (settings.pushesFor !== chat.model.me) return;
    subscribeOnServer(page).catch((error: unknown) => {
      const isDenied = error instanceof PushError && error.problem === "denied";
      const isRefused = error instanceof Fault && error.code === "not-allowed";
      if (isDenied || isRefused) change({ pushesFor: undefined });
    });
  }, [isOnline]);
  useEffect(() => {
    const onMessage = ({ data, ports }: MessageEvent<unknown>) => {
      const { kind, at, room, user } = (data ?? {}) as Readonly<Record<string, unknown>>;
      const isOther = typeof user === "string" && user !== "" && !isSameName(user, chat.model.me);
      if (kind === "account" && !isOther) ports[0]?.postMessage(true);
      if (kind !== "open") return;
      const target = typeof at === "string" ? readRoute(`#/${at}`)?.target : undefined;
      if (isOther) {
        // The page reloads as the other account, and then opens the address.
        if (target !== undefined) attempt(() => history.replaceState(null, "", `#/${target}`));
        chat.changeAccount(user).catch(fail);
        return;
      }
      const present = chat.model.rooms.get(room as RoomId)?.target ?? target;
      if (present !== undefined) chat.actions.open(present);
    };
    const workers = attempt(() => (navigator as Partial<Navigator>).serviceWorker);
    return listen(workers, "message", onMessage);
  }, [chat, fail]);
  useEffect(() => {
    if (!isFocused) return;
    void ifPossible(closeNotifications());
  }, [isFocused]);
  return null;
}
