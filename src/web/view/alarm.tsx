/** The alarm that replaces the page if the server's log is inconsistent. */

import { useMemo, useState } from "react";
import { cleanText, jsonLine } from "../../base/text.ts";
import type { AuditAlarm } from "../../client/auditor.ts";
import type { StartTexts } from "../../ui/messages/en/start.ts";
import { Button } from "./shell/button.tsx";
import { focusOnMount } from "./shell/form.tsx";

interface AlarmProps {
  readonly alarm: AuditAlarm;
  readonly accept: () => Promise<void>;
  readonly texts: StartTexts;
}

export function Alarm({ alarm: { fault, evidence }, accept, texts }: AlarmProps) {
  const [isAsking, setAsking] = useState(false);
  const file = useMemo(
    () => URL.createObjectURL(new Blob([jsonLine(evidence)], { type: "application/json" })),
    [evidence],
  );
  const faultText = texts.faults[fault.code];
  return (
    <section className="alarm" aria-labelledby="alarm-title">
      <h2 id="alarm-title" tabIndex={-1} ref={focusOnMount}>
        {texts.alarmTitle}
      </h2>
      {faultText === undefined ? null : <p>{faultText}.</p>}
      <p lang="en" dir="auto">
        {cleanText(fault.message)}.
      </p>
      <p id="alarm-state">{isAsking ? texts.alarmAcceptAsk : texts.alarmStopped}</p>
      <p>
        <a className="button" href={file} download="chat-evidence.json">
          {texts.alarmEvidence}
        </a>
        {isAsking ? (
          <Button
            key="now"
            ref={focusOnMount}
            aria-describedby="alarm-state"
            onClick={() => void accept()}
          >
            {texts.alarmAcceptNow}
          </Button>
        ) : (
          <Button onClick={() => setAsking(true)}>{texts.alarmAccept}</Button>
        )}
      </p>
    </section>
  );
}
