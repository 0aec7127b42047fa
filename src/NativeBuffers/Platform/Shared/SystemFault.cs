namespace NativeBuffers.Platform.Shared;

/// <summary>The exception for the error number of a system call, and what such a number means on each system.</summary>
/// <remarks>
/// The caller reads the number at once after the call (<see cref="Marshal.GetLastPInvokeError"/>). To close a handle, to format a text,
/// and to look up the system's message all call the system again, and may change the number.
/// </remarks>
internal static class SystemFault
{
    private const int NotPermitted = 1;
    private const int NoEntry = 2;
    private const int NoMemory = 12;
    private const int AccessDenied = 13;
    private const int LinuxTryAgain = 11;
    private const int MacTryAgain = 35;
    private const int InputOutput = 5;
    private const int TooManyFilesInAll = 23;
    private const int TooManyFiles = 24;
    private const int NoRoom = 28;
    private const int LinuxNoQuota = 122;
    private const int MacNoQuota = 69;
    private const int WindowsTooManyFiles = 4;
    private const int WindowsNoRoom = 112;
    private const int WindowsNoRoomForHandle = 39;
    private const int WindowsPathMissing = 3;
    private const int WindowsAccessDenied = 5;
    private const int WindowsNotEnoughMemory = 8;
    private const int WindowsOutOfMemory = 14;
    private const int WindowsNoSystemResources = 1450;
    private const int WindowsNoCommit = 1455;

    /// <summary>Whether the error means that memory is short, so that the call may succeed later.</summary>
    public static bool IsLackOfMemory(int error) => IsLackOfMemory(error, ThisSystem.Kind);

    /// <inheritdoc cref="IsLackOfMemory(int)"/>
    public static bool IsLackOfMemory(int error, SystemKind system) => system switch
    {
        // The numbers between these two: the paged or the unpaged pool, the working set, or the paging file is exhausted.
        SystemKind.Windows => error is WindowsNotEnoughMemory or WindowsOutOfMemory or (>= WindowsNoSystemResources and <= WindowsNoCommit),
        SystemKind.MacOS => error is NoMemory or MacTryAgain,
        _ => error is NoMemory or LinuxTryAgain,
    };

    /// <summary>True if the call needs something that is used up or fails now: memory, open files, room on the disk, the disk.</summary>
    public static bool IsShortage(int error) => IsShortage(error, ThisSystem.Kind);

    /// <inheritdoc cref="IsShortage(int)"/>
    public static bool IsShortage(int error, SystemKind system) => IsLackOfMemory(error, system) || system switch
    {
        SystemKind.Windows => error is WindowsTooManyFiles or WindowsNoRoom or WindowsNoRoomForHandle,
        SystemKind.MacOS => error is InputOutput or TooManyFilesInAll or TooManyFiles or NoRoom or MacNoQuota,
        _ => error is InputOutput or TooManyFilesInAll or TooManyFiles or NoRoom or LinuxNoQuota,
    };

    /// <summary>Whether there is nothing of that name.</summary>
    public static bool IsMissing(int error) => IsMissing(error, ThisSystem.Kind);

    /// <inheritdoc cref="IsMissing(int)"/>
    public static bool IsMissing(int error, SystemKind system) =>
        error == NoEntry || (system == SystemKind.Windows && error == WindowsPathMissing);

    /// <summary>Whether the error means that this user may not do this.</summary>
    public static bool IsDenied(int error) => IsDenied(error, ThisSystem.Kind);

    /// <inheritdoc cref="IsDenied(int)"/>
    public static bool IsDenied(int error, SystemKind system) =>
        system == SystemKind.Windows ? error == WindowsAccessDenied : error is NotPermitted or AccessDenied;

    /// <summary>The system's message for an error, without a full stop at the end.</summary>
    public static string MessageOf(int error) => Marshal.GetPInvokeErrorMessage(error).TrimEnd('.');

    /// <summary>An exception of the type that the platform uses for an error.</summary>
    /// <param name="error">The error number of the call.</param>
    /// <param name="subject">What it happened to: begins the message.</param>
    public static Exception Of(int error, string subject) => Of(error, subject, ThisSystem.Kind);

    /// <inheritdoc cref="Of(int, string)"/>
    [SuppressMessage("Usage", "CA2201", Justification = "Exhausted memory is what the type is for, and what callers catch.")]
    public static Exception Of(int error, string subject, SystemKind system)
    {
        string message = $"{subject}: {MessageOf(error)}.";
        return IsLackOfMemory(error, system) ? new OutOfMemoryException(message)
            : IsMissing(error, system) ? new FileNotFoundException(message)
            : IsDenied(error, system) ? new UnauthorizedAccessException(message)
            : new IOException(message);
    }
}
