/** Explains what opens the encrypted rooms on a device that signed in with a password. */

import { type FormEvent, useState } from "react";
import type { DeviceInfo } from "../../driver/devices.ts";
import { Button } from "../shell/button.tsx";
import { usePage } from "../shell/context.tsx";
import { deviceName, lastSeenText } from "../shell/device-text.ts";
import { Field } from "../shell/form.tsx";

/** @param devices devices of the account, with this one */
export function WayBack({ devices }: { readonly devices: readonly DeviceInfo[] }) {
  const { chat, texts, times } = usePage();
  const openers = devices.filter(({ current, certified }) => certified && !current);
  return (
    <section className="way-back" aria-label={texts.wayBack}>
      <h2>{texts.wayBack}</h2>
      <p>{openers.length === 0 ? texts.wayBackNoDevice : texts.wayBackDevices}</p>
      {openers.length === 0 ? (
        <p>{texts.wayBackLost}</p>
      ) : (
        <>
          <ul>
            {openers.map((device) => (
              <li key={device.device} dir="auto">
                {deviceName(device.device, device.client, texts)}
                {" · "}
                {lastSeenText(device, texts, times)}
              </li>
            ))}
          </ul>
          {chat.isLocal ? <p>{texts.wayBackCode}</p> : <CodeForm />}
          <details>
            <summary>{texts.wayBackNone}</summary>
            <p>{texts.wayBackLost}</p>
          </details>
        </>
      )}
    </section>
  );
}

/** The page starts again with the code as if its address had it: codes work while signed out. */
function CodeForm() {
  const { texts } = usePage();
  const [code, setCode] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    location.hash = `link=${encodeURIComponent(code.trim())}`;
  };
  return (
    <form onSubmit={submit} noValidate>
      <Field
        id="way-back-code"
        label={texts.codeLabel}
        hint={texts.wayBackCode}
        value={code}
        onChange={setCode}
        complete="one-time-code"
        isRequired
      />
      <Button type="submit" variant="main" disabled={code.trim() === ""}>
        {texts.wayBackDo}
      </Button>
    </form>
  );
}
