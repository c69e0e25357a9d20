/**
 * Steps to install the server's root certificate, and whether it works. Imports little, so that the
 * page's code is not split into more files than its first load needs.
 */

import type { ComponentType } from "react";
import { ENGLISH_TRUST, type TrustTexts } from "../../../ui/messages/en/trust.ts";
import { INDONESIAN_TRUST } from "../../../ui/messages/id/trust.ts";
import { Announced } from "../shell/announced.tsx";

type Device = keyof TrustTexts["devices"];

/** Systems for which the program is made. */
const PROGRAM_SYSTEMS: readonly string[] = ["Windows", "macOS", "Linux"];
const NAMES: Readonly<Partial<Record<Device, string>>> = { iPhone: "iPhone, iPad" };
const HTTPS_PORT = "443";

/** `trusted` if the trusted address needs no exception. */
export type TrustState = "checking" | "trusted" | "missing";

export interface TrustStepsProps {
  readonly lang: string;
  /** Such as "Firefox on Linux". */
  readonly browser: string;
  readonly trustedWeb: URL;
  readonly sha256: string;
  readonly state: TrustState;
  readonly onCheck: () => void;
  /** Links the page at the name as a device; `undefined` if this page cannot. */
  readonly onLink: (() => void) | undefined;
  readonly isSignedIn: boolean;
  readonly inviteHash: string;
  readonly CopyLine: ComponentType<Readonly<Record<"id" | "label" | "text", string>>>;
}

type ResultProps = TrustStepsProps & { readonly texts: TrustTexts };

function Continue({ trustedWeb, onLink, isSignedIn, inviteHash, texts }: ResultProps) {
  const label = texts.continueAt(trustedWeb.hostname);
  return onLink === undefined ? (
    <>
      <a className="button button-main" href={`${trustedWeb.href}${inviteHash}`}>
        {label}
      </a>
      {isSignedIn ? <p className="hint">{texts.signInAgain}</p> : null}
    </>
  ) : (
    <button type="button" className="button button-main" onClick={onLink}>
      {label}
    </button>
  );
}

function Missing({ trustedWeb, texts }: ResultProps) {
  if (trustedWeb.origin === location.origin) return <p>{texts.missingHere}</p>;
  return (
    <>
      <p>
        {texts.missing(trustedWeb.hostname)}{" "}
        <a href={trustedWeb.href} target="_blank" rel="noreferrer">
          {trustedWeb.href}
        </a>
      </p>
      <p className="hint">{texts.missingHint}</p>
    </>
  );
}

function Result(props: ResultProps) {
  const { trustedWeb, state, onCheck, texts } = props;
  return (
    <>
      <Announced kind="result" as="div">
        {state === "checking" ? <p>{texts.checking}</p> : null}
        {state === "trusted" ? <p>{texts.works}</p> : null}
        {state === "missing" ? <Missing {...props} /> : null}
      </Announced>
      {state === "trusted" && trustedWeb.origin !== location.origin ? (
        <Continue {...props} />
      ) : null}
      {state === "trusted" ? null : (
        <button type="button" className="button" onClick={onCheck}>
          {texts.check}
        </button>
      )}
    </>
  );
}

function Steps({ device, texts }: { readonly device: Device; readonly texts: TrustTexts }) {
  const isPhone = device === "iPhone" || device === "Android";
  const restart = isPhone ? [] : [texts.restart];
  return (
    <ol>
      {[...texts.devices[device], ...restart].map((step) => (
        <li key={step}>{step}</li>
      ))}
    </ol>
  );
}

/** @returns `undefined` for a device without steps */
function ownDevice(name: string, devices: readonly Device[]): Device | undefined {
  const [, browser, system] = /^(.+) on (.+)$/s.exec(name) ?? [];
  if (system === "iPad") return "iPhone";
  if (browser === "Firefox" && system === "Linux") return "Firefox";
  return devices.find((device) => device === system);
}

/** `chat` uses another port than https by default. */
function trustCommand({ hostname, port }: Location): string {
  return `chat trust root ${hostname}:${port === "" ? HTTPS_PORT : port}`;
}

export function TrustSteps(props: TrustStepsProps) {
  const { lang, browser, trustedWeb, sha256, CopyLine } = props;
  const texts = lang === "id" ? INDONESIAN_TRUST : ENGLISH_TRUST;
  const devices = Object.keys(texts.devices) as Device[];
  const own = ownDevice(browser, devices);
  const hasProgram = PROGRAM_SYSTEMS.some((system) => browser.endsWith(` on ${system}`));
  const title = (device: Device) => texts.steps(NAMES[device] ?? device);
  return (
    <div className="trust">
      <p>{texts.allows(trustedWeb.hostname)}</p>
      <p className="warning">{texts.danger}</p>
      <a className="button button-main" href="/ca.crt">
        {texts.download}
      </a>
      <p>{texts.sha256}</p>
      <code className="fingerprint-code" dir="ltr">
        {sha256}
      </code>
      {own === undefined ? null : (
        <>
          <h3>{title(own)}</h3>
          <Steps device={own} texts={texts} />
        </>
      )}
      {hasProgram ? (
        <CopyLine id="trust-command" label={texts.command} text={trustCommand(location)} />
      ) : null}
      {devices
        .filter((device) => device !== own)
        .map((device) => (
          <details key={device}>
            <summary>{title(device)}</summary>
            <Steps device={device} texts={texts} />
          </details>
        ))}
      <Result {...props} texts={texts} />
    </div>
  );
}
