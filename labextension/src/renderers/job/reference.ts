/** What a saved output says: which job or search, in which store. Anything else is no reference. */

export interface Reference {
  readonly store: string;
  /** The job's id; a search has that of the job that drives it. */
  readonly job: string;
}

/** Read the output's JSON; null when it is not what we write. */
export function readReference(data: unknown, of: 'job' | 'experiment' = 'job'): Reference | null {
  if (typeof data !== 'object' || data === null) {
    return null;
  }
  const { store, [of]: job } = data as Record<string, unknown>;
  return typeof store === 'string' && typeof job === 'string' && /^[0-9a-z]{1,64}$/i.test(job) ? { store, job } : null;
}
