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
    private const string TrackingVariable = "NATIVEBUFFERS_TRACK";
    private const string TrackingSetting = "NativeBuffers.Track";
    private const string GuardVariable = "NATIVEBUFFERS_GUARD";
    private const string GuardSetting = "NativeBuffers.Guard";

    /// <summary>Whether the process was started with guards or tracking.</summary>
    public static readonly bool IsOn =
        (TextOf(GuardVariable, GuardSetting, out _) is not null && Guard != GuardMode.Off)
        || (TextOf(TrackingVariable, TrackingSetting, out _) is not null && Tracking != TrackingMode.Off);

    public static TrackingMode Tracking => Modes.Tracking;

    public static GuardMode Guard => Modes.Guard.Mode;

    /// <summary>The average distance of samples of <see cref="GuardMode.Sampled"/>.</summary>
    public static SampleDistance SampleDistance => Modes.Guard.Distance;

    private static TrackingMode ReadTracking()
    {
        if (TextOf(TrackingVariable, TrackingSetting, out string source) is not { } text)
        {
            return TrackingMode.Off;
        }

        TrackingMode? mode = ParseMode<TrackingMode>(text);
        if (mode is null)
        {
            WriteMistake(source, text, "off, sites or stacks");
        }

        return mode ?? TrackingMode.Off;
    }

    private static (GuardMode Mode, SampleDistance Distance) ReadGuard()
    {
        (GuardMode, SampleDistance) off = (GuardMode.Off, SampleDistance.Usual);
        if (TextOf(GuardVariable, GuardSetting, out string source) is not { } text)
        {
            return off;
        }

        (GuardMode, SampleDistance)? parsed = ParseGuard(text);
        if (parsed is null)
        {
            WriteMistake(
                source, text, "off, checked, pages, sampled, sampled:5000 (one in 5000 blocks), sampled:512k (one for each 512 KiB)");
        }

        return parsed ?? off;
    }

    /// <summary>The text of the environment variable, or else of the application's setting; null if both are missing or empty.</summary>
    private static string? TextOf(string variable, string setting, out string source)
    {
        string? text = Environment.GetEnvironmentVariable(variable);
        source = variable;
        if (string.IsNullOrEmpty(text))
        {
            text = AppContext.GetData(setting) as string;
            source = setting;
        }

        return string.IsNullOrEmpty(text) ? null : text;
    }

    /// <summary>A spelling mistake must not end the process, and must not pass in silence.</summary>
    private static void WriteMistake(string source, string text, string allowed) =>
        StandardError.WriteLine($"NativeBuffers: {source} is '{text}', which is none of: {allowed}. It counts as off.");

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

    /// <summary>A type of its own, so that a process without settings parses none.</summary>
    private static class Modes
    {
        public static readonly TrackingMode Tracking = ReadTracking();
        public static readonly (GuardMode Mode, SampleDistance Distance) Guard = ReadGuard();
    }
}
