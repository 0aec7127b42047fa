using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Runs code as a user without rights to this user's files: on Linux, a thread may have another user for files.</summary>
/// <remarks>Only root may change the user. For other users the body runs as the same user: give files no rights at all.</remarks>
internal static partial class OtherUser
{
    private const uint Nobody = 65534;

    public static void Run(Action body)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            if (Environment.IsPrivilegedProcess)
            {
                _ = SetFileUser(Nobody);
            }

            try
            {
                body();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileUser(uint user);
}
