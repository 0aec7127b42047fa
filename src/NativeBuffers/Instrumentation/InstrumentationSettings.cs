using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Instrumentation;

/// <summary>What the process was started with: environment variables, or settings of the application. Read once.</summary>
/// <remarks>
/// <c>NATIVEBUFFERS_GUARD</c> is <c>off</c>, <c>checked</c>, <c>pages</c> or <c>sampled</c>. A <see cref="SampleDistance"/> may follow
/// <c>sampled</c> after a colon. <c>NATIVEBUFFERS_TRACK</c> is <c>off</c>, <c>sites</c> or <c>stacks</c>. The settings
/// <c>NativeBuffers.Guard</c> and <c>NativeBuffers.Track</c>, for example in <c>runtimeconfig.template.json</c>, mean the same; the
/// environment goes first.
/// </remarks>
internal static class InstrumentationSettings
{
    static InstrumentationSettings()
    {
        Read("NATIVEBUFFERS_TRACK", "NativeBuffers.Track", "off, sites or stacks", static text => TryParse(text, out TrackingMode mode) && Is(() => Tracking = mode));
        Read("NATIVEBUFFERS_GUARD", "NativeBuffers.Guard", "off, checked, pages, sampled, sampled:5000 (one in 5000 blocks), sampled:512k (one for each 512 KiB)", TryReadGuard);
    }

    public static TrackingMode Tracking { get; private set; }

    public static GuardMode Guard { get; private set; }

    /// <summary>The average distance of samples of <see cref="GuardMode.Sampled"/>.</summary>
    public static SampleDistance SampleDistance { get; private set; } = SampleDistance.Usual;

    private static bool TryReadGuard(string text)
    {
        string[] parts = text.Split(':');
        SampleDistance distance = SampleDistance.Usual;
        if (!TryParse(parts[0], out GuardMode mode) || parts.Length > 2
            || (parts.Length == 2 && !(mode == GuardMode.Sampled && SampleDistance.TryParse(parts[1], out distance))))
        {
            return false;
        }

        Guard = mode;
        SampleDistance = distance;
        return true;
    }

    private static void Read(string variable, string setting, string allowed, Func<string, bool> tryRead)
    {
        string? text = Environment.GetEnvironmentVariable(variable);
        string source = variable;
        if (string.IsNullOrEmpty(text))
        {
            text = AppContext.GetData(setting) as string;
            source = setting;
        }

        if (!string.IsNullOrEmpty(text) && !tryRead(text))
        {
            // A library does not end its user's process over a spelling mistake, nor does it keep silent.
            StandardError.WriteLine($"NativeBuffers: {source} is '{text}', which is none of: {allowed}. It counts as off.");
        }
    }

    private static bool TryParse<TMode>(string text, out TMode mode)
        where TMode : struct, Enum
    {
        // Names only, and no numbers.
        mode = default;
        return text.Length > 0 && char.IsAsciiLetter(text[0]) && Enum.TryParse(text, ignoreCase: true, out mode) && !text.Contains(',', StringComparison.Ordinal);
    }

    private static bool Is(Action action)
    {
        action();
        return true;
    }
}
