namespace NativeBuffers;

/// <summary>A parameter whose owner the method uses until it returns: the caller still owns it, and disposes it.</summary>
/// <remarks>
/// The rules of the package read this attribute. It changes nothing at run time. A parameter with <c>in</c> is borrowed without it. The
/// method neither disposes the owner nor stores it, nor a view of it.
/// </remarks>
/// <example>
/// <code>
/// static long Sum([BorrowsOwnership] NativeMemoryOwner&lt;int&gt; numbers)
/// {
///     using var borrow = numbers.Borrow();
///     long sum = 0;
///     foreach (int number in borrow.Span) sum += number;
///     return sum;
/// }
/// </code>
/// </example>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class BorrowsOwnershipAttribute : Attribute;
