/** The alarm that replaces the page if the server's log is inconsistent. */

import { type ReactNode, useMemo, useState } from "react";
import { cleanText, jsonLine } from "../../base/text.ts";
import { dateOf } from "../../base/time.ts";
import { type AuditAlarm, LogAuditor } from "../../client/auditor.ts";
import { ENGLISH_ALARM } from "../../ui/messages/en/alarm.ts";
import type { Texts } from "../../ui/messages/en/first.ts";
import { languageFor } from "../../ui/messages/languages.ts";
import { BrowserLogPins } from "../browser/log-pins.ts";
import { loadTexts } from "../browser/texts.ts";
import type { OpenAuditor } from "../driver/lazy-auditor.ts";
import { Button } from "./shell/button.tsx";
import { readSettings } from "./shell/settings.ts";

export function alarmingAuditor(render: (view: ReactNode) => void): OpenAuditor {
  return ({ clock, store }, verifier, alarmed) => {
    const logs = new BrowserLogPins(store);
    const formatTime = (unixMs: number) => dateOf(unixMs).toLocaleString();
    return new LogAuditor({ clock, logs, verifier, formatTime }, (alarm) => {
      alarmed(alarm);
      const accept = () => logs.forget(alarm.reader);
      void loadTexts(readSettings().language ?? languageFor(navigator.languages)).then((texts) =>
        render(<Alarm alarm={alarm} accept={accept} texts={{ ...ENGLISH_ALARM, ...texts }} />),
      );
    });
  };
}

interface AlarmProps {
  readonly alarm: AuditAlarm;
  readonly accept: () => Promise<void>;
  readonly texts: Texts & Readonly<typeof ENGLISH_ALARM>;
}

function Alarm({ alarm: { fault, evidence }, accept, texts }: AlarmProps) {
  const [isAsking, setAsking] = useState(false);
  const file = useMemo(
    () => URL.createObjectURL(new Blob([jsonLine(evidence)], { type: "application/json" })),
    [evidence],
  );
  const faultText = texts.faults[fault.code];
  return (
    <section className="alarm" role="alert">
      <h2>{texts.alarmTitle}</h2>
      {faultText === undefined ? null : <p>{faultText}.</p>}
      <p lang="en" dir="auto">
        {cleanText(fault.message)}.
      </p>
      <p>{isAsking ? texts.alarmAcceptAsk : texts.alarmStopped}</p>
      <p>
        <a className="button" href={file} download="chat-evidence.json">
          {texts.alarmEvidence}
        </a>
        {isAsking ? (
          <Button onClick={() => void accept().then(() => location.reload())}>
            {texts.alarmAcceptNow}
          </Button>
        ) : (
          <Button onClick={() => setAsking(true)}>{texts.alarmAccept}</Button>
        )}
      </p>
    </section>
  );
}
