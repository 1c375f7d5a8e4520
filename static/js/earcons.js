// The two sounds: something waits, and the severity rose. A module of its own, fetched when one is due.
const tone = (sound, frequency, after, seconds) => {
  const source = sound.createOscillator();
  const volume = sound.createGain();
  const from = sound.currentTime + after;
  source.frequency.value = frequency;
  volume.gain.setValueAtTime(0.0001, from);
  volume.gain.exponentialRampToValueAtTime(0.2, from + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, from + seconds);
  source.connect(volume).connect(sound.destination);
  source.start(from);
  source.stop(from + seconds);
};
const TONES = {
  waits: [[660, 0, 0.15], [880, 0.16, 0.2]],
  severity: [[880, 0, 0.12], [587, 0.13, 0.12], [880, 0.26, 0.2]],
};
export const play = (sound, name) => TONES[name].forEach((one) => tone(sound, ...one));
