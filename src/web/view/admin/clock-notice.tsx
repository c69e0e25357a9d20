/** Notice on the dashboard that nothing expires, because the server's clock is not plausible. */

import { Button } from "../shell/button.tsx";
import { useOnline, usePage } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { usePolled } from "../shell/polling.ts";

export function ClockNotice() {
  const page = usePage();
  const { texts, times, chat } = page;
  // Servers before 0.3 do not know the request.
  const { value, reload } = usePolled(() => chat.request("clock", {}), useOnline());
  if (value === undefined || value.plausible) return null;
  const [now, newest] = [times.full(value.now), times.full(value.newest)];
  const text = value.now > value.newest ? texts.clockAhead : texts.clockBehind;
  const accept = () =>
    confirm(page, {
      title: texts.clockAcceptAsk,
      text: texts.clockAcceptExplained(now),
      action: texts.clockAccept,
      onConfirm: () => chat.request("clock", { accept: true }).then(reload),
    });
  return (
    <div className="banner banner-warning" role="alert">
      <span>{text(now, newest)}</span>
      <Button onClick={accept}>{texts.clockAccept}</Button>
    </div>
  );
}
