using NativeBuffers.Platform.Shared;

namespace NativeBuffers.Instrumentation;

/// <summary>The guards and the tracking with which the process was started. Read once, from the environment or the application's settings.</summary>
/// <remarks>
/// <para>The JIT takes an initialized <c>static readonly</c> field for a constant. So the code inside <c>if (InstrumentationSwitch.IsOn)</c>
/// costs nothing in a process without guards and tracking. A test compares the machine code with that of a build in which
/// <see cref="IsOn"/> is a constant.</para>
/// <para><c>NATIVEBUFFERS_GUARD</c> is <c>off</c>, <c>checked</c>, <c>pages</c> or <c>sampled</c>. A <see cref="Instrumentation.SampleDistance"/>
/// may follow <c>sampled</c> after a colon. <c>NATIVEBUFFERS_TRACK</c> is <c>off</c>, <c>sites</c> or <c>stacks</c>. The settings
/// <c>NativeBuffers.Guard</c> and <c>NativeBuffers.Track</c>, for example in <c>runtimeconfig.template.json</c>, mean the same. The
/// environment has priority.</para>
/// </remarks>
internal static class InstrumentationSwitch
{
    private static readonly TrackingMode s_tracking = Read(
        "NATIVEBUFFERS_TRACK", "NativeBuffers.Track", "off, sites or stacks", TrackingMode.Off, ParseMode<TrackingMode>);

    private static readonly (GuardMode Mode, SampleDistance Distance) s_guard = Read(
        "NATIVEBUFFERS_GUARD",
        "NativeBuffers.Guard",
        "off, checked, pages, sampled, sampled:5000 (one in 5000 blocks), sampled:512k (one for each 512 KiB)",
        (GuardMode.Off, SampleDistance.Usual),
        ParseGuard);

    /// <summary>Whether the process was started with guards or tracking.</summary>
    public static readonly bool IsOn = s_guard.Mode != GuardMode.Off || s_tracking != TrackingMode.Off;

    public static TrackingMode Tracking => s_tracking;

    public static GuardMode Guard => s_guard.Mode;

    /// <summary>The average distance of samples of <see cref="GuardMode.Sampled"/>.</summary>
    public static SampleDistance SampleDistance => s_guard.Distance;

    private static T Read<T>(string variable, string setting, string allowed, T off, Func<string, T?> parse)
        where T : struct
    {
        string? text = Environment.GetEnvironmentVariable(variable);
        string source = variable;
        if (string.IsNullOrEmpty(text))
        {
            text = AppContext.GetData(setting) as string;
            source = setting;
        }

        if (string.IsNullOrEmpty(text))
        {
            return off;
        }

        T? parsed = parse(text);
        if (parsed is null)
        {
            // A spelling mistake must not end the process, and must not pass in silence.
            StandardError.WriteLine($"NativeBuffers: {source} is '{text}', which is none of: {allowed}. It counts as off.");
        }

        return parsed ?? off;
    }

    private static (GuardMode Mode, SampleDistance Distance)? ParseGuard(string text)
    {
        string[] parts = text.Split(':');
        GuardMode? mode = ParseMode<GuardMode>(parts[0]);
        SampleDistance distance = SampleDistance.Usual;
        bool isValid = parts.Length == 1
            || (parts.Length == 2 && mode == GuardMode.Sampled && SampleDistance.TryParse(parts[1], out distance));
        return isValid && mode is { } known ? (known, distance) : null;
    }

    /// <summary>A mode by its name, but not by its number; null for other texts.</summary>
    private static TMode? ParseMode<TMode>(string text)
        where TMode : struct, Enum =>
        text.Length > 0 && char.IsAsciiLetter(text[0]) && !text.Contains(',', StringComparison.Ordinal) && Enum.TryParse(text, ignoreCase: true, out TMode mode)
            ? mode
            : null;
}
