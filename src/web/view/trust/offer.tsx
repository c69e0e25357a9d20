/** Offer of the server's root certificate: a button, the address `#trust`, and their dialog. */

import { useCallback, useEffect, useRef, useState } from "react";
import { hexPairs } from "../../../base/bytes.ts";
import { browserName } from "../../browser/browser-name.ts";
import { TRUST_HASH } from "../../input/route.ts";
import { registerWorker } from "../attention/push-browser.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { type CloseProps, useStart } from "../shell/context.tsx";
import { CopyLine } from "../shell/copy-line.tsx";
import { Dialog } from "../shell/dialog.tsx";
import { combined, listen } from "../shell/effects.ts";
import { LazyModule, useLoading, useModule } from "../shell/lazy.ts";
import { LinkDialog } from "../shell/link-dialog.tsx";
import type { TrustState } from "./steps.tsx";

interface OfferedRoot {
  /** Address at which browsers with the root open the page without a warning. */
  readonly trustedWeb: URL;
  readonly rootSha256: string;
}

const root = new LazyModule(fetchRoot);
const steps = new LazyModule(() => import("./steps.tsx"));

/** @returns `undefined` if the server offers no root */
async function fetchRoot(): Promise<OfferedRoot | undefined> {
  const response = await fetch("/trust.json");
  if (!response.ok) return undefined;
  const { trustedWeb: address, rootSha256 } = Object(await response.json());
  const trustedWeb = URL.parse(String(address));
  const isHash = typeof rootSha256 === "string" && /^[0-9a-f]{64}$/.test(rootSha256);
  return trustedWeb?.protocol === "https:" && isHash ? { trustedWeb, rootSha256 } : undefined;
}

async function isTrusted(trustedWeb: URL, lang: string): Promise<boolean> {
  // The user may have continued after a warning here, which does not suffice for a worker.
  if (trustedWeb.origin === location.origin) await registerWorker(lang);
  else await fetch(new URL("/healthz", trustedWeb), { mode: "no-cors", cache: "no-store" });
  return true;
}

/** Checks now and each time the user returns to the page. */
function useCheck(trustedWeb: URL): readonly [TrustState, () => void] {
  const { lang } = useStart().texts;
  const [state, setState] = useState<TrustState>("checking");
  const latest = useRef(0);
  const check = useCallback(async () => {
    const attempt = ++latest.current;
    const isOk = await isTrusted(trustedWeb, lang).catch(() => false);
    if (attempt === latest.current) setState(isOk ? "trusted" : "missing");
  }, [trustedWeb, lang]);
  useEffect(() => {
    const onReturn = () => {
      if (document.visibilityState === "visible") void check();
    };
    onReturn();
    const cancel = () => void latest.current++;
    return combined(
      cancel,
      listen(window, "focus", onReturn),
      listen(document, "visibilitychange", onReturn),
    );
  }, [check]);
  const checkNow = () => {
    setState("checking");
    void check();
  };
  return [state, checkNow];
}

interface TrustProps extends CloseProps {
  readonly offered: OfferedRoot;
}

function TrustDialog({ offered: { trustedWeb, rootSha256 }, onClose }: TrustProps) {
  const { texts, chat, layers, openDialog } = useStart();
  const { loaded: { TrustSteps } = {}, hasFailed } = useLoading(steps);
  const [state, check] = useCheck(trustedWeb);
  const isSignedIn = chat.model.me !== undefined;
  // The browser treats the page at the name as a new one, so this page links it as a device.
  const link = () => openDialog(LinkDialog, { origin: trustedWeb.origin });
  useEffect(
    () => () => {
      if (location.hash === TRUST_HASH) layers.replace(location.pathname);
    },
    [layers],
  );
  return (
    <Dialog title={texts.trustServer} onClose={onClose}>
      {TrustSteps === undefined ? (
        hasFailed && <Announced kind="fault">{texts.partMissing}</Announced>
      ) : (
        <TrustSteps
          lang={texts.lang}
          browser={browserName(navigator.userAgent, navigator.maxTouchPoints)}
          trustedWeb={trustedWeb}
          sha256={hexPairs(rootSha256)}
          state={state}
          onCheck={check}
          onLink={isSignedIn && chat.sealRefusal === undefined ? link : undefined}
          isSignedIn={isSignedIn}
          inviteHash={chat.inviteHash}
          CopyLine={CopyLine}
        />
      )}
    </Dialog>
  );
}

/** Opens the dialog at `#trust`. */
export function TrustRoute() {
  const { chat, openDialog, fail } = useStart();
  // They change with the texts, which must not open the dialog again.
  const latest = useRef({ openDialog, fail });
  latest.current = { openDialog, fail };
  useEffect(() => {
    const open = async (hash: string) => {
      if (hash !== TRUST_HASH || chat.isLocal) return;
      const offered = await root.fetch().catch((error: unknown) => latest.current.fail(error));
      if (offered) latest.current.openDialog(TrustDialog, { offered });
    };
    void open(location.hash);
    return listen<HashChangeEvent>(window, "hashchange", ({ newURL }) =>
      // The router may have replaced the address.
      open(new URL(newURL).hash),
    );
  }, [chat]);
  return null;
}

export function TrustOffer({ hint }: { readonly hint?: string }) {
  const { texts, chat, openDialog } = useStart();
  const offered = useModule(root, !chat.isLocal);
  if (offered === undefined) return null;
  return (
    <>
      <Button onClick={() => openDialog(TrustDialog, { offered })}>{texts.trustServer}</Button>
      {hint === undefined ? null : <p className="hint">{hint}</p>}
    </>
  );
}
