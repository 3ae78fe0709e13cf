import type { WorkerLink } from './worker-link.ts';

/** A thread that is there while it is needed: started by a call, let go when there has been none for a while. A thread that rests costs memory. */
export interface RestingLink {
  /** @throws StoreError also what the thread could not start for. */
  call: WorkerLink['call'];
  /** Resolves when what was asked is answered and no thread is left. */
  close(): Promise<void>;
}

export function restingLink(start: () => WorkerLink, idleMs: number): RestingLink {
  let link: WorkerLink | undefined;
  let underWay = 0;
  let timer: NodeJS.Timeout | undefined;

  const open = (): WorkerLink => {
    const fresh = start();
    fresh.ready.catch(() => {
      if (link === fresh) link = undefined;
    });
    link = fresh;
    return fresh;
  };
  const letGo = async (): Promise<void> => {
    clearTimeout(timer);
    const last = link;
    link = undefined;
    // One that has ended by itself answers nothing, and has ended.
    last?.call({ kind: 'close' }).catch(() => {});
    await last?.stopped;
  };
  return {
    async call<Reply extends object>(request: Parameters<WorkerLink['call']>[0]) {
      clearTimeout(timer);
      underWay++;
      const thread = link ?? open();
      try {
        const [, reply] = await Promise.all([thread.ready, thread.call<Reply>(request)]);
        return reply;
      } finally {
        underWay--;
        if (underWay === 0) timer = setTimeout(() => void letGo(), idleMs).unref();
      }
    },
    close: letGo,
  };
}
