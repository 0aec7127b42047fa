using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace NativeBuffers.Os;

/// <summary>The exception for the error that the last system call of this thread left.</summary>
internal static class SystemFault
{
    private const int NotPermitted = 1;
    private const int NoEntry = 2;
    private const int AccessDenied = 13;
    private const int NoMemory = 12;
    private const int TryAgain = 11;
    private const int WindowsPathMissing = 3;
    private const int WindowsAccessDenied = 5;
    private const int WindowsNoMemory = 8;
    private const int WindowsNoCommit = 1455;

    /// <summary>Whether what failed may be tried again when there is more memory.</summary>
    public static bool IsLackOfMemory => Marshal.GetLastPInvokeError() is var error
        && (OperatingSystem.IsWindows() ? error is WindowsNoMemory or WindowsNoCommit : error is NoMemory or TryAgain);

    /// <summary>Whether there is nothing of that name.</summary>
    public static bool IsMissing => Marshal.GetLastPInvokeError() is var error
        && (error == NoEntry || (OperatingSystem.IsWindows() && error == WindowsPathMissing));

    /// <summary>An exception of the type that the platform uses for this error.</summary>
    /// <param name="subject">What it happened to: begins the message.</param>
    [SuppressMessage("Usage", "CA2201", Justification = "Exhausted memory is what the type is for, and what callers catch.")]
    public static Exception Last(string subject)
    {
        int error = Marshal.GetLastPInvokeError();
        string message = $"{subject}: {Marshal.GetPInvokeErrorMessage(error)}.";
        if (IsLackOfMemory)
        {
            return new OutOfMemoryException(message);
        }

        if (IsMissing)
        {
            return new FileNotFoundException(message);
        }

        bool isDenied = OperatingSystem.IsWindows() ? error == WindowsAccessDenied : error is NotPermitted or AccessDenied;
        return isDenied ? new UnauthorizedAccessException(message) : new IOException(message);
    }
}
