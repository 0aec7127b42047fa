using Microsoft.Win32.SafeHandles;

namespace NativeBuffers.Platform.Unix;

/// <summary>Asks a Unix system about a file (<c>stat</c>).</summary>
internal abstract class UnixStat
{
    /// <summary>The file that a path leads to; null if there is none or the system refuses.</summary>
    public abstract Facts? At(string path);

    /// <summary>An open file.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public abstract Facts Of(SafeFileHandle file);

    /// <summary>The facts about a file.</summary>
    /// <param name="Device">The number of its file system.</param>
    /// <param name="Number">The number of the file in its file system, the same for all its names.</param>
    /// <param name="Owner">The number of its user.</param>
    /// <param name="Group">The number of its group.</param>
    /// <param name="Mode">Its kind, and the permissions to read, write and execute it.</param>
    /// <param name="NameCount">The number of its names: more than one if there are hard links.</param>
    internal readonly record struct Facts(ulong Device, ulong Number, uint Owner, uint Group, uint Mode, uint NameCount)
    {
        private const uint KindMask = 0xF000;
        private const uint PlainKind = 0x8000;

        /// <summary>True for an ordinary file: not a folder, a pipe, a device or a socket.</summary>
        public bool IsPlain => (Mode & KindMask) == PlainKind;

        /// <summary>The part of the mode that <c>chmod</c> takes.</summary>
        public uint Permissions => Mode & 0xFFF;

        /// <summary>True if both are the same file.</summary>
        public bool Is(Facts other) => (Device, Number) == (other.Device, other.Number);
    }
}
