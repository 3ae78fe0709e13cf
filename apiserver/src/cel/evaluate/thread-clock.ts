/** Milliseconds of CPU time that this thread has used: a busy machine or a suspended process does not make an expression look slow. */
export const threadClock = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
