namespace NativeBuffers.Platform.Shared;

/// <summary>The error numbers of system calls, their meaning on each system, and the exception for one.</summary>
/// <remarks>
/// Read the number directly after the call (<see cref="Marshal.GetLastPInvokeError"/>). Other calls may change it: closing a handle,
/// formatting a text, or looking up the system's message. Without a system, a method judges for this process's system.
/// </remarks>
internal static class SystemError
{
    /// <summary>Numbers of Linux and macOS, under their names in C.</summary>
    public const int EPERM = 1, ENOENT = 2, EINTR = 4, EIO = 5, ENOMEM = 12, EACCES = 13, EEXIST = 17, EINVAL = 22, ENFILE = 23, EMFILE = 24,
        ENOTTY = 25, ENOSPC = 28;

    /// <summary>Numbers of Linux only.</summary>
    public const int LINUX_EAGAIN = 11, LINUX_ENOSYS = 38, LINUX_EOPNOTSUPP = 95, LINUX_EDQUOT = 122;

    /// <summary>Numbers of macOS only.</summary>
    public const int MAC_EAGAIN = 35, MAC_ENOTSUP = 45, MAC_EDQUOT = 69;

    /// <summary>Numbers of Windows, under their names in Win32.</summary>
    public const int ERROR_PATH_NOT_FOUND = 3, ERROR_TOO_MANY_OPEN_FILES = 4, ERROR_ACCESS_DENIED = 5, ERROR_NOT_ENOUGH_MEMORY = 8,
        ERROR_OUTOFMEMORY = 14, ERROR_HANDLE_DISK_FULL = 39, ERROR_DISK_FULL = 112, ERROR_ALREADY_EXISTS = 183,
        ERROR_NO_SYSTEM_RESOURCES = 1450, ERROR_COMMITMENT_LIMIT = 1455;

    /// <summary>True if memory is short, so that the call may succeed later.</summary>
    public static bool IsLackOfMemory(int error, SystemKind? system = null) => (system ?? ThisSystem.Kind) switch
    {
        // The numbers between these two: the paged or the unpaged pool, the working set, or the paging file is exhausted.
        SystemKind.Windows => error is ERROR_NOT_ENOUGH_MEMORY or ERROR_OUTOFMEMORY or (>= ERROR_NO_SYSTEM_RESOURCES and <= ERROR_COMMITMENT_LIMIT),
        SystemKind.MacOS => error is ENOMEM or MAC_EAGAIN,
        _ => error is ENOMEM or LINUX_EAGAIN,
    };

    /// <summary>True if memory, open files or room on the disk are used up, or if the disk fails.</summary>
    public static bool IsShortage(int error, SystemKind? system = null) => IsLackOfMemory(error, system) || (system ?? ThisSystem.Kind) switch
    {
        SystemKind.Windows => error is ERROR_TOO_MANY_OPEN_FILES or ERROR_DISK_FULL or ERROR_HANDLE_DISK_FULL,
        SystemKind.MacOS => error is EIO or ENFILE or EMFILE or ENOSPC or MAC_EDQUOT,
        _ => error is EIO or ENFILE or EMFILE or ENOSPC or LINUX_EDQUOT,
    };

    /// <summary>True if nothing has that name.</summary>
    public static bool IsMissing(int error, SystemKind? system = null) =>
        error == ENOENT || ((system ?? ThisSystem.Kind) == SystemKind.Windows && error == ERROR_PATH_NOT_FOUND);

    /// <summary>True if this user may not do this.</summary>
    public static bool IsDenied(int error, SystemKind? system = null) =>
        (system ?? ThisSystem.Kind) == SystemKind.Windows ? error == ERROR_ACCESS_DENIED : error is EPERM or EACCES;

    /// <summary>The system's message for an error, without a full stop at the end.</summary>
    public static string MessageOf(int error) => Marshal.GetPInvokeErrorMessage(error).TrimEnd('.');

    /// <summary>An exception of the type that the platform uses for an error.</summary>
    /// <param name="error">The error number of the call.</param>
    /// <param name="subject">The beginning of the message: the failed action and its object.</param>
    /// <param name="system">The system of the number.</param>
    [SuppressMessage("Usage", "CA2201", Justification = "Exhausted memory is what the type is for, and what callers catch.")]
    public static Exception Of(int error, string subject, SystemKind? system = null)
    {
        string message = $"{subject}: {MessageOf(error)}.";
        return IsLackOfMemory(error, system) ? new OutOfMemoryException(message)
            : IsMissing(error, system) ? new FileNotFoundException(message)
            : IsDenied(error, system) ? new UnauthorizedAccessException(message)
            : new IOException(message);
    }
}
