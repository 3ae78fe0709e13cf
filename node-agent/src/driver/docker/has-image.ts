import { type Engine, imagePath } from './engine.ts';
import { statusOf } from './engine-call.ts';

export async function hasImage(engine: Engine, image: string, signal: AbortSignal): Promise<boolean> {
  try {
    await engine.call('GET', `${imagePath(image)}/json`, { signal });
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}
